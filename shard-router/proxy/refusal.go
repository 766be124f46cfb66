package proxy

import (
	"fmt"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// refusal is why the router closes a connection itself.
type refusal struct {
	metric string // label of the counter
	code   ws.StatusCode
	reason string // for the client: at most 123 bytes (RFC 6455, section 5.5)
}

func (r *refusal) Error() string { return fmt.Sprintf("closed with %d: %s", r.code, r.reason) }

// errNoPod closes with a code that has clients reconnect.
var errNoPod = &refusal{refusedNoPod, ws.StatusCode(discord.CloseUnknownError), "no gateway can take the connection, reconnect"}

// refuse closes with a code of Discord's and its usual reason.
func refuse(metric string, code discord.CloseCode) *refusal {
	return &refusal{metric, ws.StatusCode(code), code.Reason()}
}

// refuseParams closes because the client's query can't be served.
func refuseParams(err *codec.ParamsError) *refusal {
	return &refusal{refusedParams, ws.StatusCode(err.Close), err.Reason}
}

// refuseDecode closes because a message can't be decoded; the text of err is told to the client.
func refuseDecode(err error) *refusal {
	return &refusal{refusedDecode, ws.StatusCode(discord.CloseDecodeError), err.Error()}
}

// refuseProtocol closes because the client breaks RFC 6455.
func refuseProtocol(err error) *refusal {
	return &refusal{refusedProtocol, ws.StatusProtocolError, err.Error()}
}
