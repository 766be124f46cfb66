package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"guildhall.chat/guildhall/hack/load/rows"
)

// comparison sets one Go benchmark against another of the same package. Names are without "Benchmark". Its ratio is ours to
// the peer's of what is better when less: below 1 is better than the peer.
type comparison struct {
	Name    string
	What    string
	Package string // under the module's root
	Ours    string
	Peer    string
	PeerIs  string
	Unit    string // a metric of both, less is better
}

var comparisons = []comparison{
	{
		"go/gateway/identify", "a session up to READY", "gateway", "Identify", "Handshake",
		"the connection up to HELLO", "ns/op",
	},
	{
		"go/store/message", "a message stored, with its event and order", "internal/store", "CreateMessage", "BareInsert",
		"a bare insert of the row, as many clients", "ns/op",
	},
	{
		"go/permissions/channel", "a permission check in a channel", "internal/permissions", "In", "RoleLookups",
		"finding the member's roles in the map", "ns/op",
	},
	{
		"go/codec/connection", "one more connection with zlib-stream", "internal/codec", "AppendDispatch/zlib-stream", "CompressorPerConnection",
		"a compressor a connection", "ns/op",
	},
	{
		"go/codec/bytes", "bytes on the wire with zlib-stream", "internal/codec", "AppendDispatch/zlib-stream", "CompressorPerConnection",
		"a compressor a connection", "wire-B/op",
	},
	{
		"go/codec/bytes-apart", "the same, where no other gets the same in the same order", "internal/codec",
		"AppendDispatch/zlib-stream-apart", "CompressorPerConnection", "a compressor a connection", "wire-B/op",
	},
	{
		"go/codec/zstd-connection", "one more connection with zstd-stream", "internal/codec", "AppendDispatch/zstd-stream",
		"ZstdPerConnection", "a compressor a connection", "ns/op",
	},
	{
		"go/codec/zstd-bytes", "bytes on the wire with zstd-stream", "internal/codec", "AppendDispatch/zstd-stream",
		"ZstdPerConnection", "a compressor a connection", "wire-B/op",
	},
	{
		"go/codec/zstd-bytes-apart", "the same, where no other gets the same in the same order", "internal/codec",
		"AppendDispatch/zstd-stream-apart", "ZstdPerConnection", "a compressor a connection", "wire-B/op",
	},
	{
		"go/ratelimit/decision", "a rate limit decision", "internal/ratelimit", "Take", "RoundTrip",
		"a bare Redis round trip", "ns/op",
	},
	{
		"go/router/copy", "a message through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-buffer",
		"a TCP proxy that copies by a buffer", "cpu-ns/message",
	},
	{
		"go/router/splice", "a message through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-splice",
		"a TCP proxy in the kernel (splice)", "cpu-ns/message",
	},
	{
		"go/router/idle", "an idle connection through the router", "shard-router/proxy", "Relay/router", "Relay/tcp-buffer",
		"a TCP proxy that copies by a buffer", "heap+stack-B/conn",
	},
}

// compare makes the selected comparisons.
func (c *cli) compare(ctx context.Context, o rows.Options) (results []rows.Result, failed error) {
	var packages []string // each once, in their order
	selected := slices.DeleteFunc(slices.Clone(comparisons), func(c comparison) bool { return !o.Wants(c.Name) })
	for _, comparison := range selected {
		if !slices.Contains(packages, comparison.Package) {
			packages = append(packages, comparison.Package)
		}
	}
	for _, pkg := range packages {
		of := slices.DeleteFunc(slices.Clone(selected), func(c comparison) bool { return c.Package != pkg })
		fmt.Fprintf(os.Stderr, "running the benchmarks of %s\n", pkg)
		measured, err := c.measure(ctx, pkg, of)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, comparison := range of {
			result, err := comparison.judge(measured)
			if err != nil {
				failed = errors.Join(failed, err)
				continue
			}
			results = append(results, result)
		}
	}
	return results, failed
}

// measure runs the benchmarks of a package that the comparisons name.
func (c *cli) measure(ctx context.Context, pkg string, of []comparison) (measurements, error) {
	var tops []string
	for _, comparison := range of {
		for _, name := range []string{comparison.Ours, comparison.Peer} {
			top, _, _ := strings.Cut(name, "/")
			tops = append(tops, top)
		}
	}
	slices.Sort(tops)
	pattern := "^Benchmark(" + strings.Join(slices.Compact(tops), "|") + ")$"
	count, duration := c.Rounds, c.Time
	if c.Divide > 1 {
		count, duration = 1, "1x"
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchmem",
		"-count", strconv.Itoa(count), "-benchtime", duration, "-timeout", "10m", "./"+pkg)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&output, os.Stderr), os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", pkg, err)
	}
	return parse(&output)
}

func (c comparison) judge(measured measurements) (rows.Result, error) {
	ours, oursErr := measured.median(c.Ours, c.Unit)
	peer, peerErr := measured.median(c.Peer, c.Unit)
	if oursErr != nil || peerErr != nil || peer == 0 {
		return rows.Result{}, fmt.Errorf("%s: no measurement of %s and %s in %s", c.Package, c.Ours, c.Peer, c.Unit)
	}
	return rows.Result{
		Name: c.Name, What: c.What, Peer: c.PeerIs, Unit: c.Unit, Ours: ours, PeerHas: peer, Ratio: ours / peer,
	}, nil
}
