// Package ratelimit counts requests: Discord's buckets, the global limit and bans for invalid requests.
//
// Counters live in Redis, so that all api pods count together. Requests that come at the same time ask for all they need in
// one pipeline: a Batch makes one script call for each bucket (global limit and bucket; one slot), and reads the callers' auth
// epochs and the addresses' bans, each once; after the pipeline has run, Pending.Decision says whether a request may go on, and
// the Decision renders the headers and the refusal. Of a window that is asked for often, a process takes some requests ahead
// (lease.go), and asks Redis only when they are used up. When Redis doesn't answer, the process counts by itself with half the
// limits, in bounded memory.
//
// https://discord.com/developers/docs/topics/rate-limits
package ratelimit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// The global limit: of a user or bot, or of an address without either.
const (
	GlobalLimit  = 50
	GlobalWindow = time.Second
)

// Identity is whose requests are counted. Its Redis keys are in one slot.
type Identity string

// User is the identity of a user or bot that has proven who it is.
func User(id snowflake.ID) Identity { return Identity(id.String()) }

// Address is the identity of a client that hasn't. Of IPv6 it is the network, /64, since a client has all of that.
func Address(ip netip.Addr) Identity {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		network, _ := ip.Prefix(64) // fails for other lengths only
		return Identity(network.Addr().String())
	}
	return Identity(ip.String())
}

// Resource is the identity under which all clients of one thing are counted together.
func Resource(name string) Identity { return Identity("all-" + shortHash(name)) }

// Bucket is a limit that one or more routes share.
type Bucket struct {
	Name     string // unique; clients see a hash of it
	Limit    int    // requests a window, of an identity and the major parameters; positive
	Window   time.Duration
	NoGlobal bool // these requests don't count towards the global limit
	Shared   bool // the limit is of a thing, whoever uses it: Request.Identity is a Resource
}

// hashes keeps what was made of buckets' names, which are as many as there are routes.
var hashes sync.Map

// Hash is the bucket's name for clients.
func (b Bucket) Hash() string {
	if hash, ok := hashes.Load(b.Name); ok {
		return hash.(string)
	}
	hash, _ := hashes.LoadOrStore(b.Name, shortHash(b.Name))
	return hash.(string)
}

// Request is what is counted.
type Request struct {
	Identity Identity
	Address  Identity // where it comes from
	Bucket   Bucket
	Major    string // the values of the path's major parameters, any text
}

// Limiter counts requests. Safe for concurrent use.
type Limiter struct {
	rdb    redis.UniversalClient
	log    *slog.Logger
	off    bool
	raise  int // what limits are multiplied by
	local  *local
	leases *leases
	now    func() time.Time
	lost   atomic.Bool // Redis didn't answer the last time
}

// Option changes a Limiter.
type Option func(*Limiter)

// Off lets everything pass, uncounted. Auth epochs are read all the same.
func Off() Option { return func(l *Limiter) { l.off = true } }

// raised is more than any load test asks for.
const raised = 1_000_000

// Raised counts everything as ever, in Redis, against limits that a load test does not reach.
func Raised() Option { return func(l *Limiter) { l.raise = raised } }

// New returns a limiter that counts in Redis.
func New(rdb redis.UniversalClient, log *slog.Logger, options ...Option) *Limiter {
	l := &Limiter{rdb: rdb, log: log, local: newLocal(), leases: newLeases(), now: time.Now, raise: 1}
	for _, option := range options {
		option(l)
	}
	return l
}

// answered notes whether Redis answered and logs when that changes, once and not for each request.
func (l *Limiter) answered(err error) {
	if errors.Is(err, context.Canceled) { // the client went away; that says nothing about Redis
		return
	}
	lost := err != nil
	if lost {
		fallbacks.Inc()
	}
	if l.lost.Swap(lost) == lost {
		return
	}
	if lost {
		l.log.Warn("rate limits are counted locally: Redis does not answer", "error", err)
	} else {
		l.log.Info("rate limits are counted in Redis again")
	}
}

func shortHash(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
