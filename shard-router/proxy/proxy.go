package proxy

import (
	"log/slog"
	"net/netip"
	"time"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/shard-router/placement"
)

// Limits bound what clients can make the router hold or wait for. The zero value is not usable; see DefaultLimits.
type Limits struct {
	// Connections is the most client connections at once, placed ones included. Each takes two descriptors.
	Connections int
	// Pending is the most connections that have not identified yet.
	Pending int
	// Identify is how long a client has to send IDENTIFY or RESUME. At most the rate limit's window of 60 s.
	Identify time.Duration
	// Dial bounds one attempt to reach a pod, and Place all of them: discord.js waits 15 s for READY.
	Dial, Place time.Duration
	// Write is how long a peer may take nothing of what is written to it before it is dropped.
	Write time.Duration
	// Linger is how long the other direction, or the reply to a close frame, is waited for when one side has ended.
	Linger time.Duration
}

// DefaultLimits suit a process that may hold 20,000 descriptors.
func DefaultLimits() Limits {
	return Limits{
		Connections: 9000,
		Pending:     2000,
		Identify:    30 * time.Second,
		Dial:        3 * time.Second,
		Place:       10 * time.Second,
		Write:       time.Minute,
		Linger:      5 * time.Second,
	}
}

// Config is what a Proxy is made of.
type Config struct {
	Shards            func() int    // the platform's shards now, 1 or more; it may change
	HeartbeatInterval time.Duration // told in HELLO
	TrustedProxies    []netip.Prefix
	Limits            Limits
}

// Proxy accepts clients and joins each to a gateway pod. It is an http.Handler.
type Proxy struct {
	config  Config
	table   *placement.Table
	keys    *auth.Keys
	metrics *Metrics
	log     *slog.Logger
	links   registry
	// pending holds a token for each connection that has not been handed over.
	pending chan struct{}
}

// New returns a proxy that places clients by table. The keys sign its word to the pods and verify session ids.
func New(config Config, table *placement.Table, keys *auth.Keys, metrics *Metrics, log *slog.Logger) *Proxy {
	metrics.maximum.Set(float64(config.Limits.Connections))
	return &Proxy{
		config:  config,
		table:   table,
		keys:    keys,
		metrics: metrics,
		log:     log,
		links:   newRegistry(config.Limits.Connections),
		pending: make(chan struct{}, config.Limits.Pending),
	}
}
