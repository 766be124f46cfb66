// Package wire is a client's side of the gateway's encodings and compressions, for tests and load generators. It shares
// no code with internal/codec, so that each checks the other.
//
// A [Reader] turns a connection's WebSocket messages into JSON payloads, one each:
//
//	message -> inflate (zlib-stream, zstd-stream, single payloads) -> ETF to JSON -> payload
//
// [Encode] turns a JSON payload into what a client of an encoding sends.
package wire
