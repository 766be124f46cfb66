package codec

import (
	"fmt"
	"net/url"

	"guildhall.chat/guildhall/internal/discord"
)

// Encoding is how a connection's payloads are written, in both directions.
type Encoding uint8

const (
	// JSON goes in text frames, unless it is compressed.
	JSON Encoding = iota
	// ETF is the Erlang External Term Format, in binary frames.
	ETF
)

// Compression is what a connection does to the bytes of all its outbound messages.
type Compression uint8

const (
	// NoCompression sends each payload as it is, or compressed alone if IDENTIFY asked for that.
	NoCompression Compression = iota
	// ZlibStream sends one RFC 1950 stream over the connection, flushed after each message.
	ZlibStream
	// ZstdStream sends one RFC 8878 frame over the connection, each message as blocks of its own.
	ZstdStream
)

// defaultVersion is what a client gets that names none.
const defaultVersion = 10

// Params is what a client chose by the query of its gateway URL.
// https://docs.discord.com/developers/events/gateway#connecting-gateway-url-query-string-params
type Params struct {
	Version     int // 9 or 10; the payloads are the same
	Encoding    Encoding
	Compression Compression
}

// ParamsError is a query that can't be served.
type ParamsError struct {
	// Close is the code to close with after the upgrade; 0 when the client can't be spoken to at all, because it
	// would not understand the frames, and the upgrade is to be refused with 400.
	Close discord.CloseCode
	// Reason is fit for the client.
	Reason string
}

func (e *ParamsError) Error() string { return e.Reason }

// Parse reads the query that a client connected with. The error is a *ParamsError.
func Parse(query url.Values) (Params, error) {
	p := Params{Version: defaultVersion}
	switch v := query.Get("v"); v {
	case "", "10":
	case "9":
		p.Version = 9
	default:
		return Params{}, &ParamsError{discord.CloseInvalidAPIVersion, "unsupported API version: use v=10"}
	}
	switch query.Get("encoding") {
	case "", "json":
	case "etf":
		p.Encoding = ETF
	default:
		return Params{}, &ParamsError{discord.CloseDecodeError, "unsupported encoding: use encoding=json or etf"}
	}
	switch query.Get("compress") {
	case "":
	case "zlib-stream":
		p.Compression = ZlibStream
	case "zstd-stream":
		p.Compression = ZstdStream
	default:
		return Params{}, &ParamsError{0, "unsupported compression: use compress=zlib-stream, zstd-stream or none"}
	}
	return p, nil
}

// String names the encoding as the query does.
func (e Encoding) String() string {
	switch e {
	case JSON:
		return "json"
	case ETF:
		return "etf"
	default:
		return fmt.Sprintf("encoding %d", uint8(e))
	}
}

// String names the compression as the query does.
func (c Compression) String() string {
	switch c {
	case NoCompression:
		return "none"
	case ZlibStream:
		return "zlib-stream"
	case ZstdStream:
		return "zstd-stream"
	default:
		return fmt.Sprintf("compression %d", uint8(c))
	}
}
