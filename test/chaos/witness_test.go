package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

// dialect is how a session speaks to the gateway.
type dialect struct{ encoding, compression string }

func (d dialect) String() string {
	if d.compression == "" {
		return d.encoding
	}
	return d.encoding + " " + d.compression
}

// dialects are all that the gateway has. There is no payload compression of ETF.
var dialects = []dialect{
	{"json", ""}, {"etf", "zlib-stream"}, {"json", "zstd-stream"}, {"json", "payload"}, {"etf", ""},
	{"json", "zlib-stream"}, {"etf", "zstd-stream"},
}

const (
	guildsAndMessages = gatewayclient.IntentGuilds | gatewayclient.IntentGuildMessages | gatewayclient.IntentDirectMessages
	withContent       = guildsAndMessages | gatewayclient.IntentMessageContent
)

// intents are what the bots' sessions ask for in turn: all is said, contents are hidden, nothing is known of guilds, no
// message comes.
var intents = []int{withContent, guildsAndMessages, withContent | gatewayclient.IntentGuildMembers,
	gatewayclient.IntentGuildMessages | gatewayclient.IntentMessageContent, gatewayclient.IntentGuilds}

// witness is a gateway session that keeps what it is told.
type witness struct {
	name    string
	account *account
	options gatewayclient.Options
	world   *world
	session *gatewayclient.Session

	mu    sync.Mutex
	grown chan struct{} // closed and replaced at each event
	view  *view
	life  int
	last  int64          // seq
	heard []heard        // messages
	ids   map[string]int // message -> life in which it was last heard
	lives []life         // lives[n-1] is life n
	turns []gatewayclient.Turn
	bad   []complaint // what must never happen, whatever the others heard
	moves int         // RESUMED
}

// heard is a message as a witness was told of it.
type heard struct {
	id      string
	channel *channel
	content string
	life    int
	seq     int64
	at      time.Time
}

// life is what a witness went through between two READYs.
type life struct {
	ready time.Time
	stays map[string][]stay // by guild
}

// stay is a time for which the witness had a guild.
type stay struct{ came, went time.Time }

// complaint is something that must not happen, about a message or a moment.
type complaint struct {
	what    string
	witness *witness
	log     string // whose changes may explain it
	at      time.Time
}

func (w *world) newWitness(a *account, shard [2]int, d dialect, intents int) *witness {
	name := fmt.Sprintf("%s (%s", a.name, d)
	if shard[1] != 0 {
		name += fmt.Sprintf(", shard %d of %d", shard[0], shard[1])
	}
	if a.bot {
		name += fmt.Sprintf(", intents %d", intents)
	}
	x := &witness{name: name + ")", account: a, world: w, view: newView(), grown: make(chan struct{}), ids: map[string]int{}}
	x.options = gatewayclient.Options{
		Gateway: w.gateway, Token: a.token, Intents: intents, Shard: shard,
		Encoding: d.encoding, Compression: d.compression, OnEvent: x.take, OnTurn: x.turn,
	}
	return x
}

// witnesses are the sessions of all accounts, not yet open.
func (w *world) witnesses() (list []*witness) {
	n := 0
	next := func() (dialect, int) {
		n++
		return dialects[n%len(dialects)], intents[n%len(intents)]
	}
	for _, bot := range w.bots {
		for range intents {
			d, i := next()
			list = append(list, w.newWitness(bot, [2]int{}, d, i))
		}
	}
	for _, fleet := range w.fleets {
		for shard := range fleet.shards {
			d, _ := next()
			list = append(list, w.newWitness(fleet, [2]int{shard, fleet.shards}, d, withContent))
		}
	}
	for _, person := range w.people {
		for range 2 {
			d, _ := next()
			list = append(list, w.newWitness(person, [2]int{}, d, 0))
		}
	}
	return list
}

// open opens all sessions, those of a bot one after the other, as it may.
func open(t *testing.T, witnesses []*witness) {
	t.Helper()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	byAccount := map[*account][]*witness{}
	for _, x := range witnesses {
		byAccount[x.account] = append(byAccount[x.account], x)
	}
	var opening sync.WaitGroup
	for _, sessions := range byAccount {
		opening.Go(func() {
			for _, x := range sessions {
				session, err := gatewayclient.Open(ctx, x.options)
				if err != nil {
					t.Errorf("%s: %v", x.name, err)
					return
				}
				t.Cleanup(session.Close)
				x.session = session
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, x := range witnesses {
		x.awaitGuilds(t, time.Minute)
	}
	t.Logf("%d sessions in %v", len(witnesses), time.Since(begun).Round(time.Second))
}

// knowsGuilds says whether the witness is told of guilds, and so knows what it may see.
func (x *witness) knowsGuilds() bool { return x.has(gatewayclient.IntentGuilds) }

func (x *witness) has(intent int) bool { return !x.account.bot || x.options.Intents&intent != 0 }

// covers says whether the witness hears the messages of a channel while it may see it.
func (x *witness) covers(c *channel) bool {
	if c.guild != nil {
		return x.has(gatewayclient.IntentGuildMessages) && onShard(c.guild.id, x.options.Shard)
	}
	return x.has(gatewayclient.IntentDirectMessages) && x.options.Shard[0] == 0
}

// take is the session's OnEvent.
func (x *witness) take(e gatewayclient.Event) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if e.Life != x.life {
		x.life, x.last = e.Life, 0
		x.lives = append(x.lives, life{ready: e.At, stays: map[string][]stay{}})
	}
	if e.Seq <= x.last {
		x.complain(e.At, "", "%s came with s=%d after s=%d", e.Type, e.Seq, x.last)
	}
	if e.Seq > math.MaxInt32 {
		x.complain(e.At, "", "%s came with s=%d, which the 32 bits that some libraries have for it can't hold", e.Type, e.Seq)
	}
	x.last = e.Seq
	came, went, err := x.view.take(e.Type, e.Data)
	if err != nil {
		x.complain(e.At, "", "%s does not decode: %v", e.Type, err)
	}
	x.arrive(came, went, e)
	switch e.Type {
	case "MESSAGE_CREATE":
		x.hear(e)
	case "RESUMED":
		x.moves++
	}
	close(x.grown)
	x.grown = make(chan struct{})
}

func (x *witness) arrive(came, went []string, e gatewayclient.Event) {
	stays := x.lives[x.life-1].stays
	for _, g := range came {
		stays[g] = append(stays[g], stay{came: e.At})
	}
	for _, g := range went {
		if n := len(stays[g]); n > 0 && stays[g][n-1].went.IsZero() {
			stays[g][n-1].went = e.At
		}
	}
}

func (x *witness) hear(e gatewayclient.Event) {
	var m struct {
		ID        string `json:"id"`
		ChannelID string `json:"channel_id"`
		Content   string `json:"content"`
		Type      int    `json:"type"`
	}
	if err := json.Unmarshal(e.Data, &m); err != nil {
		x.complain(e.At, "", "MESSAGE_CREATE does not decode: %v", err)
		return
	}
	c := x.world.channels[m.ChannelID]
	if c == nil || m.Type != 0 { // announcements of joins are nobody's posts
		return
	}
	h := heard{id: m.ID, channel: c, content: m.Content, life: x.life, seq: e.Seq, at: e.At}
	if x.ids[m.ID] == x.life {
		x.complain(e.At, c.log(), "heard message %s %q of %s again, at s=%d", m.ID, m.Content, c, e.Seq)
	}
	x.ids[m.ID] = x.life
	switch {
	case !x.covers(c):
		x.complain(e.At, c.log(), "heard message %s of %s, which it did not ask for", m.ID, c)
	case c.guild != nil && x.knowsGuilds() && !x.view.sees(c.id):
		x.complain(e.At, c.log(), "heard message %s %q of %s, which it may not see by what it was told before", m.ID, m.Content, c)
	}
	if opened := x.has(gatewayclient.IntentMessageContent) || c.guild == nil; opened != (m.Content != "") {
		x.complain(e.At, c.log(), "heard message %s of %s with the content %q, told everything: %v", m.ID, c, m.Content, opened)
	}
	x.heard = append(x.heard, h)
}

func (x *witness) complain(at time.Time, log, format string, args ...any) {
	x.bad = append(x.bad, complaint{what: fmt.Sprintf(format, args...), witness: x, log: log, at: at})
}

// turn is the session's OnTurn.
func (x *witness) turn(turn gatewayclient.Turn) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.turns = append(x.turns, turn)
}

// await waits for a state of the witness that cond, called under its lock, accepts.
func (x *witness) await(within time.Duration, cond func() bool) bool {
	deadline := time.NewTimer(within)
	defer deadline.Stop()
	for {
		x.mu.Lock()
		done, grown := cond(), x.grown
		x.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-grown:
		case <-deadline.C:
			return false
		}
	}
}

// expected are the guilds that the witness is to have.
func (x *witness) expected() (ids []string) {
	for _, g := range x.account.guilds {
		if x.knowsGuilds() && onShard(g.id, x.options.Shard) && !g.ledger.now().gone[x.account.id] {
			ids = append(ids, g.id)
		}
	}
	return ids
}

func (x *witness) awaitGuilds(t *testing.T, within time.Duration) {
	t.Helper()
	ids := x.expected()
	var missing []string
	if !x.await(within, func() bool {
		missing = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return x.view.guilds[id] != nil })
		return len(missing) == 0
	}) {
		t.Errorf("%s has not got %d of %d guilds within %v: %v", x.name, len(missing), len(ids), within, missing)
	}
}
