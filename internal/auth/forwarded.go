package auth

import (
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// ForwardedHeader is the header that carries the shard router's word to the gateway.
const ForwardedHeader = "X-Guildhall-Forwarded"

// ForwardedMaxAge is how old the router's word may be, and how far ahead its clock.
const ForwardedMaxAge = 30 * time.Second

// maxForwarded bounds the header, in bytes.
const maxForwarded = 1024

const forwardedMACBytes = 32

// ErrForwarded says that the header isn't a fresh word of a router of ours.
var ErrForwarded = errors.New("auth: invalid " + ForwardedHeader)

// Forwarded is what the shard router tells the gateway about a connection it passes on.
type Forwarded struct {
	IP      string `json:"ip"`       // of the client
	HelloAt int64  `json:"hello_at"` // when HELLO was sent, Unix milliseconds
	Frames  int    `json:"frames"`   // how many frames the client has sent so far
	Stream  bool   `json:"stream"`   // the compressed stream has begun: its header and HELLO are out
	At      int64  `json:"at"`       // when this was written, Unix milliseconds
}

// SealForwarded returns the header's value, <payload>.<mac>.
func (k *Keys) SealForwarded(f Forwarded) string {
	payload, err := json.Marshal(f)
	if err != nil { // can't be: strings and numbers
		panic(err)
	}
	text := base64Strict.EncodeToString(payload)
	return text + "." + mac(k.router[0], text, forwardedMACBytes)
}

// OpenForwarded checks the header's value and returns what it says; the error is ErrForwarded whatever is wrong.
func (k *Keys) OpenForwarded(header string, now time.Time) (Forwarded, error) {
	if len(header) > maxForwarded {
		return Forwarded{}, ErrForwarded
	}
	text, sum, _ := strings.Cut(header, ".")
	if !verifyMAC(k.router, text, sum, forwardedMACBytes) {
		return Forwarded{}, ErrForwarded
	}
	payload, err := base64Strict.DecodeString(text)
	if err != nil {
		return Forwarded{}, ErrForwarded
	}
	var f Forwarded
	if err := json.Unmarshal(payload, &f); err != nil {
		return Forwarded{}, ErrForwarded
	}
	if age := now.Sub(time.UnixMilli(f.At)); age > ForwardedMaxAge || age < -ForwardedMaxAge {
		return Forwarded{}, ErrForwarded
	}
	return f, nil
}
