package session

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// aboutSession returns what READY says of the session itself.
func (s *Server) aboutSession(c *Client, session *Session, id identify) ready.Session {
	return ready.Session{
		Version: c.params.Version, ID: session.ID, ResumeURL: s.config.ResumeURL, Shard: id.shard, Trace: []string{s.config.Pod},
	}
}

// botReady makes a bot's READY, which its guilds follow.
func (s *Server) botReady(c *Client, session *Session, id identify, snap *store.ReadySnapshot, guilds []snowflake.ID) (*codec.Shared, error) {
	app := discord.ReadyApplication{ID: session.Account.Application, Flags: session.Account.AppFlags}
	data, err := ready.Bot(s.aboutSession(c, session, id), snap.User, app, guilds)
	return codec.NewDispatch(discord.EventReady, data), err
}

// userReady enters a person's guilds and makes READY, and READY_SUPPLEMENTAL, of them. It returns the guilds that could not
// be entered in time: they follow.
func (s *Server) userReady(ctx context.Context, c *Client, session *Session, id identify, about presence.Update,
	place *fanout.Place, snap *store.ReadySnapshot, guilds []snowflake.ID, o *opening) (later []snowflake.ID, err error) {
	whole, later, err := enterQuietly(ctx, place, guilds)
	if err != nil {
		return nil, err
	}
	login := sha256.Sum256([]byte(session.Account.login.String()))
	own := presence.Session{ID: session.ID, Update: about, At: time.Now().UnixMilli()}
	kept, err := s.kept(ctx, snap.Kept)
	if err != nil {
		return nil, err
	}
	data, supplemental, err := ready.User(ready.UserState{
		Session: s.aboutSession(c, session, id), Capabilities: session.profile.Capabilities,
		User: snap.User, Guilds: whole, Direct: snap.Channels, Sessions: s.online.sessions(ctx, session.profile.User, own),
		Login: base64.StdEncoding.EncodeToString(login[:]), Kept: kept,
	})
	if err != nil {
		return nil, err
	}
	o.first = codec.NewDispatch(discord.EventReady, data)
	if supplemental != nil {
		o.second = codec.NewDispatch(discord.EventReadySupplemental, supplemental)
	}
	return later, nil
}

// kept returns what READY says of what the platform keeps for a person's clients.
func (s *Server) kept(ctx context.Context, k *store.Kept) (ready.Kept, error) {
	settings, err := json.Marshal(k.Settings.Whole())
	return ready.Kept{
		Relationships: k.Relationships, Friends: s.online.friends(ctx, k.Relationships),
		ReadStates: k.ReadStates, GuildSettings: k.GuildSettings, Version: k.Version,
		Settings: settings, SettingsProto: k.Proto, Notes: k.Notes,
		NotificationFlags: k.Small.NotificationFlags, Consents: k.Small.Consents,
	}, err
}

// quietTimeout is how long a user's READY waits for guilds to load; the rest follow it.
const quietTimeout = 6 * time.Second

// enterQuietly returns the guilds of a user's READY, and which of them are still unavailable.
func enterQuietly(ctx context.Context, place *fanout.Place, guilds []snowflake.ID) (whole []ready.UserGuild, later []snowflake.ID, err error) {
	ctx, cancel := context.WithTimeout(ctx, quietTimeout)
	defer cancel()
	entered := make([]*fanout.Entered, len(guilds))
	unavailable := make([]bool, len(guilds))
	var group errgroup.Group
	group.SetLimit(enterConcurrency)
	for i, guild := range guilds {
		group.Go(func() (err error) {
			entered[i], err = place.EnterQuietly(ctx, guild)
			unavailable[i] = err != nil
			return nil
		})
	}
	_ = group.Wait()
	for i, guild := range guilds {
		switch {
		case unavailable[i]:
			stub, err := json.Marshal(discord.UnavailableGuild{ID: guild, Unavailable: true})
			if err != nil {
				return nil, nil, err
			}
			whole, later = append(whole, ready.UserGuild{ID: guild, Data: stub}), append(later, guild)
		case entered[i] != nil:
			whole = append(whole, *entered[i])
		}
	}
	return whole, later, nil
}
