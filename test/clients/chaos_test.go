package clients_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// recovery bounds how long after a kill the platform may refuse messages.
const recovery = time.Minute

// TestKill kills each process of the platform under a steady flow of messages, without warning. Every message that was
// answered with 200 must reach every connected session once and in the order of its guild's log, and no session may be
// lost: those of a gateway go on with another.
func TestKill(t *testing.T) {
	p := platform.Start(t, platform.Options{Shards: shards})
	c := newChaos(t, p)
	for _, kill := range []struct {
		name    string
		victims []string
	}{
		{"api", []string{"api", "api", "api"}},
		{"worker", []string{"worker", "worker"}},
		{"shard router", []string{"shard-router", "shard-router", "shard-router"}},
		{"redis masters", []string{"redis-0", "redis-1", "redis-2"}}, // the guilds' logs are on any of them
		{"postgres", []string{"postgres"}},
		{"gateway", []string{"gateway-0", "gateway-1"}},
	} {
		t.Run(kill.name, func(t *testing.T) { c.run(t, kill.victims) })
	}
}

// chaos is the population of TestKill: a guild on each shard with two channels, people who write in all of them, and
// bots that listen.
type chaos struct {
	platform *platform.Platform
	gateway  string
	people   []*rest.User
	bots     []*rest.Bot
	guilds   []string
	channels []rest.Channel
}

func newChaos(t *testing.T, p *platform.Platform) *chaos {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := &chaos{platform: p}
	var err error
	c.gateway, err = gatewayURL(ctx, p.URL)
	must(t, "GET /gateway", err)
	for range 7 {
		person, err := rest.Register(ctx, p.URL, "talker")
		must(t, "register", err)
		c.people = append(c.people, person)
	}
	owner := c.people[0]
	for range 5 {
		bot, err := owner.CreateBot(ctx, "listener", rest.AllPrivileged)
		must(t, "create a bot", err)
		c.bots = append(c.bots, bot)
	}
	for shard := range shards {
		guild, err := owner.CreateGuildOn(ctx, fmt.Sprintf("Shard %d", shard), shard, shards)
		must(t, "create a guild", err)
		c.guilds = append(c.guilds, guild.ID)
		for _, name := range []string{"left", "right"} {
			channel, err := owner.CreateChannel(ctx, guild.ID, name)
			must(t, "create a channel", err)
			channel.GuildID = guild.ID
			c.channels = append(c.channels, channel)
		}
		must(t, "join", rest.Join(ctx, owner.Client, c.channels[len(c.channels)-1].ID, c.people[1:]...))
		for _, bot := range c.bots {
			must(t, "add a bot", owner.AddBot(ctx, bot, guild.ID, rest.ViewChannel))
		}
	}
	return c
}

// connect opens the sessions: sharded and not, plain and compressed, bots and a person.
func (c *chaos) connect(t *testing.T) []*witness {
	t.Helper()
	const intents = gatewayclient.IntentGuilds | gatewayclient.IntentGuildMessages | gatewayclient.IntentMessageContent
	options := func(i int) gatewayclient.Options {
		return gatewayclient.Options{Token: c.bots[i].Token, Intents: intents}
	}
	plain, stream, payload, first, second := options(0), options(1), options(2), options(3), options(4)
	stream.Compression, payload.Compression = "zlib-stream", "payload"
	first.Shard, second.Shard = [2]int{0, shards}, [2]int{1, shards}
	all := []struct {
		witness *witness
		options gatewayclient.Options
	}{
		{newWitness("plain bot", c.guilds...), plain},
		{newWitness("zlib-stream bot", c.guilds...), stream},
		{newWitness("payload bot", c.guilds...), payload},
		{newWitness("shard 0 of 2", c.guilds[0]), first},
		{newWitness("shard 1 of 2", c.guilds[1]), second},
		{newWitness("person", c.guilds...), gatewayclient.Options{Token: c.people[1].Authorization}},
	}
	var witnesses []*witness
	var opening sync.WaitGroup
	for _, each := range all {
		w, o := each.witness, each.options
		witnesses = append(witnesses, w)
		o.Gateway, o.OnEvent = c.gateway, w.take
		o.Logf = func(format string, args ...any) { t.Logf(w.name+": "+format, args...) }
		opening.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			session, err := gatewayclient.Open(ctx, o)
			if err != nil {
				t.Errorf("%s: %v", w.name, err)
				return
			}
			t.Cleanup(session.Close)
			w.session = session
		})
	}
	opening.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, w := range witnesses {
		w.awaitGuilds(t, patience)
	}
	return witnesses
}

func (c *chaos) run(t *testing.T, victims []string) {
	witnesses := c.connect(t)
	f := newFlow(c.people, c.channels, t.Logf)
	flowing, stop := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { f.run(flowing) })
	t.Cleanup(func() { stop(); done.Wait() })

	f.awaitAccepted(t, 2, recovery)
	for _, victim := range victims {
		t.Logf("kill -9 %s", victim)
		c.platform.Kill(t, victim)
		c.platform.AwaitReady(t, victim)
		f.awaitAccepted(t, 3, recovery)
		for _, w := range witnesses {
			w.awaitGuilds(t, recovery)
		}
	}
	stop()
	done.Wait()
	c.fence(t, f, witnesses)
	for _, w := range witnesses {
		w.session.Close() // what they have heard is final
	}

	for _, guild := range c.guilds {
		unknown, posts := 0, f.in(guild)
		for _, wrong := range judge(guild, posts, witnesses) {
			t.Error(wrong)
		}
		c.judgeHistory(t, guild, posts, witnesses)
		for _, p := range posts {
			if p.id == "" {
				unknown++
			}
		}
		t.Logf("guild %s: %d messages sent, of which %d without an answer", guild, len(posts), unknown)
	}
	for _, w := range witnesses {
		for _, bad := range w.bad {
			t.Errorf("%s: %s", w.name, bad)
		}
		if w.life != 1 {
			t.Errorf("%s had to identify %d times, no kill may lose a session", w.name, w.life)
		}
		t.Logf("%s: %d messages (by life: %v), %d resumes", w.name, len(w.heard), w.byLife(), w.session.Resumes())
	}
}

// fence ends the flow of each guild with messages that every witness must hear: it repeats one until all are connected
// again, then the last one closes the list.
func (c *chaos) fence(t *testing.T, f *flow, witnesses []*witness) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*recovery)
	defer cancel()
	for i, guild := range c.guilds {
		channel := c.channels[slices.IndexFunc(c.channels, func(ch rest.Channel) bool { return ch.GuildID == guild })]
		sender := fmt.Sprintf("fence%d", i)
		count := 0
		say := func() string {
			key, err := f.say(ctx, c.people[0], sender, count, channel)
			must(t, "send the fence", err)
			count++
			return key
		}
		var said []string
		heardAny := func() bool {
			for _, w := range witnesses {
				if slices.Contains(w.guilds, guild) && !slices.ContainsFunc(w.in(guild, 0), func(h heard) bool { return slices.Contains(said, h.key) }) {
					return false
				}
			}
			return true
		}
		for !heardAny() {
			said = append(said, say())
			select {
			case <-time.After(time.Second):
			case <-ctx.Done():
				t.Fatalf("guild %s: some session has not heard any of %d messages at the end", guild, len(said))
			}
		}
		last := say()
		for _, w := range witnesses {
			if slices.Contains(w.guilds, guild) {
				w.awaitKeys(t, []string{last}, recovery)
			}
		}
	}
}

// judgeHistory checks that exactly what was accepted or heard is stored.
func (c *chaos) judgeHistory(t *testing.T, guild string, posts []post, witnesses []*witness) {
	t.Helper()
	stored := map[string]string{} // id -> content
	for _, channel := range c.channels {
		if channel.GuildID != guild {
			continue
		}
		for before := ""; ; {
			var page []rest.Message
			path := "/channels/" + channel.ID + "/messages?limit=100" + before
			must(t, "history", c.people[0].Do(t.Context(), http.MethodGet, path, nil, &page))
			for _, m := range page {
				stored[m.ID] = m.Content
			}
			if len(page) < 100 {
				break
			}
			before = "&before=" + page[len(page)-1].ID
		}
	}
	for _, p := range posts {
		if p.id != "" && stored[p.id] != p.key() {
			t.Errorf("guild %s: %q was accepted as %s, the history has there %q", guild, p.key(), p.id, stored[p.id])
		}
	}
	for _, w := range witnesses {
		for _, h := range w.in(guild, 0) {
			if stored[h.id] != h.key {
				t.Errorf("guild %s: %s heard %q as %s, the history has there %q", guild, w.name, h.key, h.id, stored[h.id])
			}
		}
	}
}
