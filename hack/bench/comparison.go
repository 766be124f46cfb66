package main

import (
	"fmt"
	"slices"
)

// comparison sets one benchmark against another of the same package. Names are without "Benchmark".
type comparison struct {
	What    string `json:"what"`
	Package string `json:"package"` // under the module's root
	Ours    string `json:"ours"`
	Peer    string `json:"peer"`
	PeerIs  string `json:"peer_is"`
	Unit    string `json:"unit"` // a metric of both, less is better
}

var comparisons = []comparison{
	{
		"a message to one of 1,000 sessions", "gateway", "Delivery", "BareWriter",
		"a bare loop that writes the ready frame, one a call", "ns/delivery",
	},
	{
		"a session up to READY", "gateway", "Identify", "Handshake",
		"the connection up to HELLO", "ns/op",
	},
	{
		"a message stored, with its event and order", "internal/store", "CreateMessage", "BareInsert",
		"a bare insert of the row, as many clients", "ns/op",
	},
	{
		"a permission check in a channel", "internal/permissions", "In", "RoleLookups",
		"finding the member's roles in the map", "ns/op",
	},
	{
		"one more connection with zlib-stream", "internal/codec", "AppendDispatch/zlib-stream", "CompressorPerConnection",
		"a compressor a connection", "ns/op",
	},
	{
		"bytes on the wire with zlib-stream", "internal/codec", "AppendDispatch/zlib-stream", "CompressorPerConnection",
		"a compressor a connection", "wire-B/op",
	},
	{
		"a rate limit decision", "internal/ratelimit", "Take", "RoundTrip",
		"a bare Redis round trip", "ns/op",
	},
	{
		"a message through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-buffer",
		"a TCP proxy that copies by a buffer", "cpu-ns/message",
	},
	{
		"a message through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-splice",
		"a TCP proxy in the kernel (splice)", "cpu-ns/message",
	},
	{
		"an idle connection through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-buffer",
		"a TCP proxy that copies by a buffer", "heap+stack-B/conn",
	},
}

// result is a comparison with its values, medians over the runs.
type result struct {
	comparison
	OursValue float64 `json:"ours_value"`
	PeerValue float64 `json:"peer_value"`
	Ratio     float64 `json:"ratio"` // ours to the peer's: below 1 is better than the peer
}

func (c comparison) judge(measured measurements) (result, error) {
	ours, oursErr := measured.median(c.Ours, c.Unit)
	peer, peerErr := measured.median(c.Peer, c.Unit)
	if oursErr != nil || peerErr != nil || peer == 0 {
		return result{}, fmt.Errorf("%s: no measurement of %s and %s in %s", c.Package, c.Ours, c.Peer, c.Unit)
	}
	return result{comparison: c, OursValue: ours, PeerValue: peer, Ratio: ours / peer}, nil
}

// measurements are the values of each run by benchmark and unit.
type measurements map[string]map[string][]float64

func (m measurements) median(name, unit string) (float64, error) {
	values := slices.Clone(m[name][unit])
	if len(values) == 0 {
		return 0, fmt.Errorf("%s was not measured in %s", name, unit)
	}
	slices.Sort(values)
	return values[len(values)/2], nil
}
