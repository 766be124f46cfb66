package e2e_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

const (
	guilds   = 4 // on shards of their own as long as there are no more shards
	talkers  = 4 // bots that write in every guild
	hearers  = 4 // bots with a session each
	pace     = 500 * time.Millisecond
	answerBy = 30 * time.Second // an attempt to post a message
)

// traffic is a steady flow of messages: bots write in all guilds, and others hear them in sessions that stay connected,
// whatever happens. Bots, since their tokens last.
type traffic struct {
	t        *testing.T // the one that waits now
	whole    *testing.T // takes what the talkers have to say
	owner    *rest.User
	channels []string
	talkers  []*rest.Bot
	hearers  []*hearer
	stop     context.CancelFunc
	done     sync.WaitGroup

	mu      sync.Mutex
	posted  map[string]string // id by content, of the messages that were answered
	perBot  []int             // of posted
	unknown int               // attempts without an answer
}

// hearer is one session and what it has heard.
type hearer struct {
	name    string
	session *gatewayclient.Session

	mu     sync.Mutex
	heard  map[string]int // by id
	views  int            // guilds that it has been told of
	life   int
	abrupt int // connections lost without a close frame
}

// dropped is told that a connection has ended.
func (h *hearer) dropped(turn gatewayclient.Turn) {
	var closed *websocket.CloseError
	silent := errors.As(turn.Err, &closed) && closed.Code == websocket.CloseAbnormalClosure || errors.Is(turn.Err, syscall.ECONNRESET)
	if turn.Kind != gatewayclient.Dropped || !silent {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.abrupt++
}

func (h *hearer) take(event gatewayclient.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.life = event.Life
	if event.Type == "GUILD_CREATE" {
		h.views++
	}
	if event.Type != "MESSAGE_CREATE" {
		return
	}
	var message struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(event.Data, &message) == nil {
		h.heard[message.ID]++
	}
}

// startTraffic makes the guilds and bots, and lets messages flow until the test ends or finish is called.
func startTraffic(t *testing.T, p *platform) *traffic {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	flow := &traffic{t: t, whole: t, posted: map[string]string{}, perBot: make([]int, talkers)}
	owner, err := rest.Register(ctx, p.url, "owner")
	if err != nil {
		t.Fatalf("register: %v", err)
	}
	flow.owner = owner
	var listeners []*rest.Bot
	for i := range talkers + hearers {
		bot, err := owner.CreateBot(ctx, "bot", rest.AllPrivileged)
		if err != nil {
			t.Fatalf("create a bot: %v", err)
		}
		if i < talkers {
			flow.talkers = append(flow.talkers, bot)
		} else {
			listeners = append(listeners, bot)
		}
	}
	for shard := range guilds {
		guild, err := owner.CreateGuildOn(ctx, fmt.Sprintf("Guild %d", shard), shard, guilds)
		if err != nil {
			t.Fatalf("create a guild: %v", err)
		}
		channel, err := owner.CreateChannel(ctx, guild.ID, "talk")
		if err != nil {
			t.Fatalf("create a channel: %v", err)
		}
		flow.channels = append(flow.channels, channel.ID)
		for _, bot := range append(listeners, flow.talkers...) {
			if err := owner.AddBot(ctx, bot, guild.ID, rest.ViewChannel|rest.SendMessages|rest.ReadMessageHistory); err != nil {
				t.Fatalf("add a bot: %v", err)
			}
		}
	}
	gateway := p.gateway()
	for i, bot := range listeners {
		h := &hearer{name: fmt.Sprintf("hearer %d", i), heard: map[string]int{}}
		h.session, err = gatewayclient.Open(ctx, gatewayclient.Options{
			Gateway: gateway, Token: bot.Token,
			Intents: gatewayclient.IntentGuilds | gatewayclient.IntentGuildMessages | gatewayclient.IntentMessageContent,
			OnEvent: h.take,
			OnTurn:  h.dropped,
			Logf:    func(format string, args ...any) { t.Logf(h.name+": "+format, args...) },
		})
		if err != nil {
			t.Fatalf("connect %s: %v", h.name, err)
		}
		t.Cleanup(h.session.Close)
		flow.hearers = append(flow.hearers, h)
	}
	// Of a guild that a session has not been told of yet, it hears nothing.
	p.eventually("every bot sees its guilds", func(context.Context) error {
		for _, h := range flow.hearers {
			h.mu.Lock()
			views := h.views
			h.mu.Unlock()
			if views < guilds {
				return fmt.Errorf("%s sees %d", h.name, views)
			}
		}
		return nil
	})
	flow.run()
	return flow
}

func (f *traffic) run() {
	ctx, stop := context.WithCancel(f.whole.Context())
	f.stop = stop
	for i, bot := range f.talkers {
		f.done.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				f.post(ctx, i, bot, f.channels[n%len(f.channels)], fmt.Sprintf("%d of talker %d", n, i))
				select {
				case <-ctx.Done():
				case <-time.After(pace):
				}
			}
		})
	}
	f.whole.Cleanup(func() { stop(); f.done.Wait() })
}

// post sends a message and notes it if it was answered. What is under way when the flow ends still gets its answer.
func (f *traffic) post(ctx context.Context, i int, bot *rest.Bot, channel, content string) {
	attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerBy)
	defer cancel()
	message, err := bot.Send(attempt, channel, content)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.unknown++
		f.whole.Logf("%s: %v", content, err)
		return
	}
	f.posted[content] = message.ID
	f.perBot[i]++
}

// flows waits until every talker has had more messages answered, and every hearer has heard all that were answered by now.
func (f *traffic) flows(p *platform) {
	f.t.Helper()
	f.mu.Lock()
	before := append([]int(nil), f.perBot...)
	f.mu.Unlock()
	p.eventually("messages flow", func(context.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		for i, count := range f.perBot {
			if count < before[i]+3 {
				return fmt.Errorf("talker %d had %d messages answered since", i, count-before[i])
			}
		}
		return nil
	})
	f.judge(p)
}

// judge waits until every hearer has heard, once, every message that was answered. No fault may cost a session: all are
// still in their first life.
func (f *traffic) judge(p *platform) {
	f.t.Helper()
	f.mu.Lock()
	ids := make([]string, 0, len(f.posted))
	for _, id := range f.posted {
		ids = append(ids, id)
	}
	f.mu.Unlock()
	p.eventually(fmt.Sprintf("every bot has heard all %d messages", len(ids)), func(context.Context) error {
		for _, h := range f.hearers {
			if err := h.missing(ids); err != nil {
				return err
			}
		}
		return nil
	})
	for _, h := range f.hearers {
		h.mu.Lock()
		if h.life != 1 {
			f.t.Errorf("%s had to identify %d times", h.name, h.life)
		}
		for id, times := range h.heard {
			if times > 1 {
				f.t.Errorf("%s heard message %s %d times", h.name, id, times)
			}
		}
		h.mu.Unlock()
	}
}

func (h *hearer) missing(ids []string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	count, one := 0, ""
	for _, id := range ids {
		if h.heard[id] == 0 {
			count++
			one = id
		}
	}
	if count > 0 {
		return fmt.Errorf("%s, in life %d, has not heard %d, as %s", h.name, h.life, count, one)
	}
	return nil
}

// leave ends the flow and the sessions.
func (f *traffic) leave() {
	f.stop()
	f.done.Wait()
	for _, h := range f.hearers {
		h.session.Close()
	}
}

// finish ends the flow and judges all of it.
func (f *traffic) finish(p *platform) {
	f.t.Helper()
	f.stop()
	f.done.Wait()
	f.judge(p)
	all := f.count()
	f.t.Logf("in all %d messages answered, %d not, %d resumes, %d connections lost without a word", all.answered, all.unknown, all.resumes, all.abrupt)
}

// counts are what became of the traffic.
type counts struct {
	answered, unknown int // messages
	resumes, abrupt   int // connections
}

func (f *traffic) count() (c counts) {
	f.mu.Lock()
	c.answered, c.unknown = len(f.posted), f.unknown
	f.mu.Unlock()
	for _, h := range f.hearers {
		h.mu.Lock()
		c.abrupt += h.abrupt
		h.mu.Unlock()
		c.resumes += h.session.Resumes()
	}
	return c
}
