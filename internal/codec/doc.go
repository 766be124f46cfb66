// Package codec turns gateway payloads into WebSocket messages and back.
//
// Outbound, a dispatch differs between connections only in its sequence number. So [NewDispatch] encodes what is
// common to all of them once, the shared suffix, and an [Encoder] puts each connection's own prefix before it:
//
//	{"op":0,"s":42,  "t":"MESSAGE_CREATE","d":{...}}
//	prefix           shared suffix
//
// Compression keeps that split. A deflate block need not refer to what came before it, so the suffix is compressed
// once into a self-contained run of blocks, and every connection's stream is made of a stored (uncompressed) block
// for its prefix and then the shared run. No connection has a compressor, and an Encoder has no state but whether its
// stream has begun. The price is bandwidth: a compressor per connection would find the previous messages in its window
// and send about a third as much, at some two hundred times the CPU time for each connection (the benchmarks compare).
//
// Inbound, [DecodeFrame] reads the envelope of one client message; [Parse] reads the query a client connected with.
//
// A second encoding becomes another [form] of [Shared], a second transport compression another field of that form;
// [Encoder] chooses between them.
package codec
