// Package clients is a fleet of clients in one process, as many as it has descriptors, cheap enough to share a machine
// with the servers that they measure.
//
// One thread waits for all sockets (epoll(7)) and reads each into the same buffer; a client is a small struct that keeps
// bytes only of a frame that is not whole yet. What is received goes frame by frame to the fleet's dialect, which speaks the
// protocol, and from there every message to the stream of the client's guild, which verifies it: the first to get a message
// has its content checked, all others must get the same bytes at the same place in their order. A compressed message is
// inflated for the first client; the others' must be the same compressed bytes.
package clients
