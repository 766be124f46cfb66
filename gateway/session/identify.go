package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/sessionlimit"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// enterConcurrency is how many guilds a session enters side by side.
const enterConcurrency = 4

// identify serves op 2.
func (c *Client) identify(d json.RawMessage) error {
	id, err := parseIdentify(d)
	if err != nil {
		return err
	}
	return c.begin(func(ctx context.Context) error {
		begun := time.Now()
		err := c.server.identify(ctx, c, id)
		identifies.WithLabelValues(outcome(err)).Inc()
		if err == nil {
			identifySeconds.Observe(time.Since(begun).Seconds())
		}
		var code closeError
		if err != nil && !errors.As(err, &code) {
			c.server.log.Warn("identify refused", "error", err)
		}
		return err
	})
}

// outcome is the label of an IDENTIFY or RESUME.
func outcome(err error) string {
	var code closeError
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, errLater):
		return "try_again"
	case errors.Is(err, sessionlimit.ErrExhausted), errors.Is(err, errTooFast):
		return "limited"
	case errors.Is(err, context.Canceled):
		return "gone"
	case errors.As(err, &code):
		return fmt.Sprint(int(code))
	default:
		return "invalid_session"
	}
}

// identify makes a session for the client. The error is a closeError, or any other when the client is to try again.
func (s *Server) identify(ctx context.Context, c *Client, id identify) error {
	account, err := s.recognize(ctx, id.token) // begin checks the rest
	if errors.Is(err, errToken) {
		return closeError(discord.CloseAuthenticationFailed)
	}
	if err != nil {
		return err
	}
	intents, err := id.intentsFor(account)
	if err != nil {
		return err
	}
	shard := sharding.Whole
	if id.shard != nil {
		shard = *id.shard
	}
	client := presence.ClientOf(id.browser)
	if account.Bot {
		client = presence.Web
	}
	about, err := id.presenceFor(account, client)
	if err != nil {
		return err
	}
	if account.Bot && !s.config.Unlimited {
		if err := s.waitForStart(ctx, account.User, shard.ID); err != nil {
			return err
		}
	}
	ctx, done, err := s.admit(c)
	if err != nil {
		return err
	}
	defer done()

	session := newSession(s.host, s.keys.NewSessionID(s.config.Pod), account, fanout.Profile{
		User: account.User, Bot: account.Bot, Intents: intents, Shard: shard, LargeThreshold: id.largeThreshold,
		Capabilities: id.capabilitiesFor(account),
	})
	session.client, session.state.compress = client, id.compress
	if err := s.begin(ctx, c, session, id, about); err != nil {
		session.End("failed")
		return err
	}
	return nil
}

// waitForStart waits until the bot may start another session.
func (s *Server) waitForStart(ctx context.Context, bot snowflake.ID, shard int) error {
	for {
		wait, err := s.starts.Take(ctx, bot, shard)
		if err != nil && !errors.Is(err, sessionlimit.ErrExhausted) && ctx.Err() == nil {
			// The limit protects the platform from a bot's mistakes; without Redis there is worse to worry about.
			s.log.Warn("session start not counted", "bot", bot, "error", err)
			return nil
		}
		if err != nil || wait == 0 {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errTooFast
		}
	}
}

// limitOf is how many sessions an account may have here.
func limitOf(a Account) int {
	if a.Bot {
		return maxBotSessions
	}
	return maxUserSessions
}

// begin joins the fan-out and sends READY.
func (s *Server) begin(ctx context.Context, c *Client, session *Session, id identify, about presence.Update) error {
	if !s.sessions.put(session, limitOf(session.Account)) {
		return closeError(discord.CloseTooManySessions)
	}
	o := opening{number: 1}
	if session.profile.Capabilities.Has(discord.CapPrioritizedReady) {
		o.secondAt = s.host.line.Reserve()
	}
	place, snap, err := s.hub.Join(ctx, session)
	if err != nil {
		return err
	}
	if !session.sit(place) {
		place.Leave()
		return ErrEnded
	}
	session.DeliverOwn(journal.Entry{Kind: journal.Seated, Log: session.profile.User, Seq: snap.Seq}, nil)
	guilds := slices.DeleteFunc(snap.Guilds, func(g snowflake.ID) bool { return !session.profile.Shard.Has(g) })
	if session.Account.Bot && len(guilds) > maxShardGuilds {
		return closeError(discord.CloseShardingRequired)
	}
	var later []snowflake.ID
	if session.Account.Bot {
		o.first, err = s.botReady(c, session, id, snap, guilds)
		later = guilds
	} else {
		later, err = s.userReady(ctx, c, session, id, about, place, snap, guilds, &o)
	}
	if err != nil {
		return err
	}
	// A change of the credentials before the snapshot is in no event to come.
	if _, err := s.identity(ctx, session.Account); errors.Is(err, errToken) {
		return closeError(discord.CloseAuthenticationFailed)
	} else if err != nil {
		return err
	}
	passed := session.pass()
	recordedAt, err := s.putRecord(ctx, session, about)
	if err != nil {
		return err
	}
	if err := await(ctx, passed); err != nil {
		return err
	}
	if id.compress {
		c.conn.CompressPayloads()
	}
	l := session.open(c.conn, o)
	if l == nil {
		return ErrEnded
	}
	session.presence.Store(s.online.announce(session.Account, session.ID, about))
	c.take(l)
	session.recorded(recordedAt)
	s.finish(session)
	s.spawn(func() { s.enterGuilds(session, place, later) })
	return nil
}

// putRecord writes a new session's record. It waits for Redis to answer: without a record the session could not be resumed.
func (s *Server) putRecord(ctx context.Context, session *Session, about presence.Update) (at int64, err error) {
	record := s.recordOf(session)
	if record.Presence, err = json.Marshal(about); err != nil {
		return 0, err
	}
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		attempt, cancel := context.WithTimeout(ctx, recordTimeout)
		err = s.records.Put(attempt, session.ID, record)
		cancel()
		if err == nil {
			return record.GuildsAt, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, err
		}
	}
}

// await waits until a channel is closed.
func await(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// finish takes an open session out of everything if it ended while it was opened.
func (s *Server) finish(session *Session) {
	if why, ended := session.cause(); ended {
		s.over(session, why)
	}
}

// enterGuilds takes the session into its guilds, those first that need no loading, as fast as the client reads.
func (s *Server) enterGuilds(session *Session, place *fanout.Place, guilds []snowflake.ID) {
	slices.SortStableFunc(guilds, func(a, b snowflake.ID) int {
		switch la, lb := place.Loaded(a), place.Loaded(b); {
		case la == lb:
			return 0
		case la:
			return -1
		default:
			return 1
		}
	})
	var group errgroup.Group
	group.SetLimit(enterConcurrency)
	for _, guild := range guilds {
		if session.Room(s.ctx) != nil {
			break
		}
		group.Go(func() error {
			place.Enter(guild)
			return nil
		})
	}
	_ = group.Wait()
}
