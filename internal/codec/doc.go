// Package codec turns gateway payloads into WebSocket messages and back.
//
// Outbound, a dispatch differs between connections only in its sequence number. So [NewDispatch] encodes what is
// common to all of them once, the shared suffix, and an [Encoder] puts each connection's own prefix before it:
//
//	{"op":0,"s":42,  "t":"MESSAGE_CREATE","d":{...}}
//	prefix           shared suffix
//
// ETF is the same map in another encoding, made of the JSON when a connection first asks for it (term_encode.go).
//
// Compression keeps that split. A block of deflate or zstd need not refer to what came before it, so the suffix is
// compressed once into a self-contained run of blocks, and every connection's stream is made of a stored (uncompressed)
// block for its prefix and then the shared run. No connection has a compressor. Connections that get the same dispatches one
// after the other share more: a run that refers to the dispatch before (sequel.go). docs/adr/0005-compress-once.md has the
// figures.
//
// Where most of d is the same too, as in GUILD_CREATE, dispatches can have a [Tail] in common: prefix, own keys, tail.
//
// Inbound, [Encoding.DecodeFrame] reads the envelope of one client message, ETF as the JSON that it stands for
// (term_decode.go); [Parse] reads the query a client connected with.
package codec
