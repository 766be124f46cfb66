package clients

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// intents are those of the sessions: the guilds, and their messages with content.
const intents = discord.IntentGuilds | discord.IntentGuildMessages | discord.IntentMessageContent

// gateway speaks Guildhall's own protocol, as a user client.
type gateway struct {
	webSocket
	path   string
	keys   *auth.Keys
	every  time.Duration // of heartbeats; what HELLO says must be the same
	unpack unpacker      // nil: not compressed
}

func newGateway(l *loop) (*gateway, error) {
	signing, err := config.LoadSigningKeys(l.fleet.Secrets)
	if err != nil {
		return nil, err
	}
	keys, err := auth.NewKeys(signing)
	if err != nil {
		return nil, err
	}
	g := &gateway{webSocket: webSocket{l}, keys: keys, path: "/?v=10&encoding=json", every: l.fleet.Heartbeat}
	if l.fleet.Compress != "" {
		g.path += "&compress=" + url.QueryEscape(l.fleet.Compress)
	}
	g.unpack, err = newUnpacker(l.fleet.Compress)
	return g, err
}

func (g *gateway) connected(c *client)     { g.upgrade(c, g.path) }
func (g *gateway) upgraded(*client)        {} // HELLO is to come
func (g *gateway) interval() time.Duration { return g.every }

func (g *gateway) stream(index int) (int, bool) {
	if g.fleet.PerGuild == 0 {
		return 0, true
	}
	return index / g.fleet.PerGuild, true
}

func (g *gateway) user(c *client) snowflake.ID {
	return snowflake.ID(g.fleet.FirstUser) + snowflake.ID(c.index)
}

func (g *gateway) received(c *client, b []byte) int {
	return g.each(c, b, func(f frame) bool {
		if g.unpack != nil {
			return g.compressed(c, f)
		}
		g.captured(c, f, f.payload)
		g.payload(c, f.payload)
		return c.fd >= 0
	})
}

// compressed handles a message of a compressed stream.
func (g *gateway) compressed(c *client, f frame) bool {
	message, ok := f.payload, true
	if !c.begun {
		message, ok = g.unpack.open(message)
		c.begun = true
	}
	prefix, blocks, split := g.unpack.split(message)
	if !ok || !split {
		g.counts.Damaged++
		g.broken(c, fmt.Sprintf("message %.40x of %d bytes", f.payload, len(f.payload)))
		return false
	}
	if e := c.stream.next(c); e != nil && c.phase == ready && !g.capturing(c) && e.knows(c.tail, len(prefix), blocks) {
		if g.advance(c, sequence(prefix)) {
			c.tail = c.stream.accept(c).plain
		}
		return true
	}
	rest, form, err := expand(g.unpack, c.tail, len(prefix), blocks)
	if err != nil {
		g.counts.Damaged++
		g.broken(c, err.Error())
		return false
	}
	plain := append(bytes.Clone(prefix), rest...)
	g.captured(c, f, plain)
	c.tail = nil
	e := g.payload(c, plain)
	switch {
	case c.fd < 0:
		return false
	case e != nil:
		if e.plain == nil {
			e.plain = tail(plain[len(prefix):])
		}
		if len(e.packed) < maxPacked {
			form.blocks = bytes.Clone(form.blocks)
			e.packed = append(e.packed, form)
		}
		c.tail = e.plain
	case len(rest) > 0 && len(rest) <= maxTail:
		c.tail = plain[len(prefix):]
	}
	return true
}

// maxTail bounds what a client keeps of its last dispatch; the gateway refers to none that is as long.
const maxTail = 32 << 10

// envelope of every payload. https://discord.com/developers/docs/events/gateway-events#payload-structure
type envelope struct {
	Op discord.Opcode  `json:"op"`
	D  json.RawMessage `json:"d"`
	S  int64           `json:"s"`
	T  string          `json:"t"`
}

// payload handles one payload and returns its entry if it is a message as it should be. It may drop the client.
func (g *gateway) payload(c *client, plain []byte) *entry {
	if c.phase == leaving {
		return nil
	}
	s, d, is := messageCreate(plain)
	if !is {
		g.other(c, plain)
		return nil
	}
	if !g.advance(c, s) {
		return nil
	}
	return c.stream.take(c, d)
}

const opening = `{"op":0,"s":`

// sequence returns the s of a payload of op 0, or 0 if it does not begin as ours do.
func sequence(payload []byte) int64 {
	rest, found := bytes.CutPrefix(payload, []byte(opening))
	digits, _, whole := bytes.Cut(rest, []byte(","))
	s, err := strconv.ParseInt(string(digits), 10, 64)
	if !found || !whole || err != nil {
		return 0
	}
	return s
}

// messageCreate returns s and d of a MESSAGE_CREATE that is written as ours are; any other is for the JSON decoder.
func messageCreate(plain []byte) (s int64, d []byte, is bool) {
	const name = `,"t":"MESSAGE_CREATE","d":`
	if s = sequence(plain); s == 0 || !bytes.HasSuffix(plain, []byte("}")) {
		return 0, nil, false
	}
	head := plain[:min(len(plain), 64)]
	at := bytes.Index(head, []byte(name))
	if at < 0 {
		return 0, nil, false
	}
	return s, plain[at+len(name) : len(plain)-1], true
}

// advance takes the s of a dispatch, which must rise.
func (g *gateway) advance(c *client, s int64) bool {
	if s <= c.seq {
		g.counts.Disordered++
		g.fault(c, fmt.Sprintf("s %d after %d", s, c.seq))
		return false
	}
	c.seq = s
	return true
}

// other handles what is not a message, once in a while.
func (g *gateway) other(c *client, plain []byte) {
	var e envelope
	if err := json.Unmarshal(plain, &e); err != nil {
		g.counts.Damaged++
		g.broken(c, fmt.Sprintf("payload %.100q: %v", plain, err))
		return
	}
	switch e.Op {
	case discord.OpHello:
		g.greeted(c, e.D)
	case discord.OpHeartbeatACK:
		c.acked = true
	case discord.OpHeartbeat:
		g.heartbeat(c)
	case discord.OpInvalidSession:
		g.counts.Invalid++
		c.session, c.seq = "", 0
		g.broken(c, "invalid session")
	case discord.OpReconnect:
		g.broken(c, "told to reconnect")
	case discord.OpDispatch:
		if g.advance(c, e.S) {
			g.dispatch(c, e)
		}
	}
}

// greeted identifies, or resumes.
func (g *gateway) greeted(c *client, d json.RawMessage) {
	var hello struct {
		Interval int64 `json:"heartbeat_interval"`
	}
	if err := json.Unmarshal(d, &hello); err != nil || time.Duration(hello.Interval)*time.Millisecond != g.every {
		g.broken(c, fmt.Sprintf("HELLO %s, but the fleet's heartbeats are every %v", d, g.every))
		return
	}
	user := g.user(c)
	token, err := g.keys.IssueAccess(user, user, 1) // world gives the login the user's id
	if err != nil {
		g.broken(c, err.Error())
		return
	}
	if c.session != "" {
		g.sendFrame(c, opText, fmt.Appendf(nil, `{"op":6,"d":{"token":"%s","session_id":"%s","seq":%d}}`, token, c.session, c.seq))
		return
	}
	g.sendFrame(c, opText, fmt.Appendf(nil, `{"op":2,"d":{"token":"%s","intents":%d,"large_threshold":50,`+
		`"properties":{"os":"linux","browser":"load","device":"load"}}}`, token, intents))
}

func (g *gateway) dispatch(c *client, e envelope) {
	switch e.T {
	case discord.EventReady:
		var about struct {
			Session string `json:"session_id"`
			Guilds  []struct {
				Unavailable bool `json:"unavailable"`
			} `json:"guilds"`
		}
		if err := json.Unmarshal(e.D, &about); err != nil {
			g.broken(c, "READY: "+err.Error())
			return
		}
		c.session, c.missing = about.Session, 0
		for _, guild := range about.Guilds {
			if guild.Unavailable {
				c.missing++
			}
		}
		if c.missing == 0 {
			g.inPlace(c)
		}
	case discord.EventGuildCreate:
		if c.missing > 0 {
			if c.missing--; c.missing == 0 && c.phase == joining {
				g.inPlace(c)
			}
		}
	case discord.EventResumed:
		g.counts.Resumed++
		g.inPlace(c)
	case discord.EventMessageCreate: // one that messageCreate did not recognize
		c.stream.take(c, e.D)
	}
}

func (g *gateway) inPlace(c *client) {
	c.acked = true
	g.startBeats(c)
	g.joined(c)
}

// beat sends a heartbeat and looks whether the last one was answered.
func (g *gateway) beat(c *client) {
	if !c.acked {
		g.counts.Unanswered++
		g.fault(c, "the last heartbeat was not acknowledged")
	}
	c.acked = false
	g.heartbeat(c)
}

func (g *gateway) heartbeat(c *client) {
	g.counts.Heartbeats++
	g.sendFrame(c, opText, fmt.Appendf(nil, `{"op":1,"d":%d}`, c.seq))
}

func (g *gateway) capturing(c *client) bool { return g.capture != nil && c.index == 0 }

// captured keeps what the first client receives, for the peers.
func (g *gateway) captured(c *client, f frame, plain []byte) {
	if !g.capturing(c) {
		return
	}
	_, d, is := messageCreate(plain)
	if !is {
		return
	}
	done, err := g.capture.add(f, d)
	if err != nil {
		g.fault(c, err.Error())
	}
	if done || err != nil {
		g.capturedAll(err)
	}
}
