// Package socket is the WebSocket transport of the gateway.
//
// Handler accepts a connection, from a client at / or from the shard router at /internal/session, takes its descriptor out of
// the HTTP server and the runtime, and makes it a Conn. An idle Conn has neither goroutine nor buffer nor timer: a loop
// waits for all of them, with one epoll instance and one wheel of deadlines.
//
//	client --bytes--> reader --message--> Protocol        loop: readable -> start the reader
//	client <--bytes-- writer <--control payloads, Source.Next-- session
//	                                                      loop: writable -> go on writing
//
// A Conn has at most one reader and one writer at a time, and neither waits for the network. The reader is a goroutine that the
// loop starts when bytes have come and that ends when they are used up. The writer is whoever has something to send and
// finds no other: a lane by Flush, in its own goroutine, or one that Wake starts. It takes all that waits, encodes it into
// few writes and ends; what the kernel does not take stays at the Conn until there is room.
//
// gorilla/websocket upgrades; frames are read and built here, because many of them must come out of one read, and go
// into one write.
package socket
