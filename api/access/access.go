// Package access decides what the caller of a request may do: it holds the guilds' roles, channels and overwrites and
// the callers' members in memory, and asks package permissions.
//
// Nothing held is used unless its permission version is the guild's at the time of the request. The version comes from
// Redis with the rate-limit round trip (call.Version); when Redis does not know, the primary is asked. Reads of the
// primary for one guild that run at the same time are one.
package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Sizes of the caches, in entries.
const (
	guildsHeld   = 4096
	membersHeld  = 65536
	channelsHeld = 65536
)

// Rememberer is told versions that only the primary knew.
type Rememberer interface {
	RememberVersion(ctx context.Context, guild snowflake.ID, v events.Version) error
}

// Access is shared by all requests.
type Access struct {
	store    *store.Store
	remember Rememberer
	guilds   *lru.Cache[snowflake.ID, *Guild]
	members  *lru.Cache[memberKey, heldMember]
	channels *lru.Cache[snowflake.ID, snowflake.ID] // channel or thread -> guild, 0 for a DM; it never changes
	flight   singleflight.Group
}

type memberKey struct{ guild, user snowflake.ID }

type heldMember struct {
	member  permissions.Member
	version int64
}

// New returns an empty cache over the store.
func New(s *store.Store, remember Rememberer) *Access {
	a := &Access{store: s, remember: remember}
	// The sizes are constants above zero, the only thing that New refuses.
	a.guilds, _ = lru.New[snowflake.ID, *Guild](guildsHeld)
	a.members, _ = lru.New[memberKey, heldMember](membersHeld)
	a.channels, _ = lru.New[snowflake.ID, snowflake.ID](channelsHeld)
	return a
}

// GuildOf tells a channel's guild if it is known without asking; 0 for a DM. The middleware uses it to ask for the
// guild's version together with the rate limit.
func (a *Access) GuildOf(channel snowflake.ID) (guild snowflake.ID, ok bool) {
	return a.channels.Get(channel)
}

// Guild returns a guild as it is now, whoever asks.
func (a *Access) Guild(c *call.Call, id snowflake.ID) (*Guild, error) {
	ctx := c.Request.Context()
	v, ok := c.Version(id)
	if !ok {
		var err error
		if v, err = a.primaryVersion(ctx, id); err != nil {
			return nil, err
		}
		c.SetVersion(id, v, true)
	}
	return a.current(ctx, id, v)
}

// current is a guild of at least the version, from memory if it is held.
func (a *Access) current(ctx context.Context, id snowflake.ID, v events.Version) (*Guild, error) {
	g, held := a.guilds.Get(id)
	if guildLookups.Found(held && g.Version.Structure >= v.Structure) {
		return g, nil
	}
	return a.load(ctx, id, v)
}

func (a *Access) primaryVersion(ctx context.Context, id snowflake.ID) (events.Version, error) {
	v, err := a.store.GuildVersion(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return v, discord.ErrUnknownGuild
	}
	if err != nil {
		return v, err
	}
	// A failure costs the next request the same question.
	_ = a.remember.RememberVersion(ctx, id, v)
	return v, nil
}

// load reads a guild of at least the version. Those who wait for the same version share one read: it began after each
// of them had learned the version.
func (a *Access) load(ctx context.Context, id snowflake.ID, v events.Version) (*Guild, error) {
	key := fmt.Sprintf("%d/%d", id, v.Structure)
	loaded, err, _ := a.flight.Do(key, func() (any, error) {
		// Shared by several requests, so that the first one's client going away must not fail the rest.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		snap, err := a.store.Guild(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil, discord.ErrUnknownGuild
		}
		if err != nil {
			return nil, err
		}
		g := newGuild(snap)
		a.guilds.Add(id, g)
		for _, ch := range snap.Channels {
			a.channels.Add(ch.ID, id)
		}
		return g, nil
	})
	if err != nil {
		return nil, err
	}
	return loaded.(*Guild), nil
}

// Member returns a user's roles and time-out in a guild; ErrUnknownMember when the user is not in it.
func (a *Access) Member(c *call.Call, g *Guild, user snowflake.ID) (permissions.Member, error) {
	v, ok := c.Version(g.Guild.ID)
	key := memberKey{g.Guild.ID, user}
	held, found := a.members.Get(key)
	if memberLookups.Found(found && ok && held.version >= v.Members) {
		return held.member, nil
	}
	m, err := a.store.MemberAccess(c.Request.Context(), g.Guild.ID, user)
	if errors.Is(err, store.ErrNotFound) {
		// Not held: a join does not move the version.
		a.members.Remove(key)
		return m.Member, discord.ErrUnknownMember
	}
	if err != nil {
		return m.Member, err
	}
	a.members.Add(key, heldMember{m.Member, m.Version.Members})
	return m.Member, nil
}

// Enter returns a guild as the caller sees it. Who is not a member learns nothing but that there is no access.
func (a *Access) Enter(c *call.Call, guild snowflake.ID) (*Visit, error) {
	g, err := a.Guild(c, guild)
	if err != nil {
		return nil, err
	}
	m, err := a.Member(c, g, c.Caller.UserID)
	if errors.Is(err, discord.ErrUnknownMember) {
		return nil, discord.ErrMissingAccess
	}
	if err != nil {
		return nil, err
	}
	return g.visit(c.Caller, m), nil
}

// Room returns a channel as the caller sees it: a guild channel or thread that the caller may view, or a DM that the caller is
// in.
func (a *Access) Room(c *call.Call, channel snowflake.ID) (*Room, error) {
	ctx := c.Request.Context()
	guild, known := a.channels.Get(channel)
	if !channelLookups.Found(known) {
		var err error
		guild, err = a.store.GuildOf(ctx, channel)
		if errors.Is(err, store.ErrNotFound) {
			return nil, discord.ErrUnknownChannel
		}
		if err != nil {
			return nil, err
		}
		a.channels.Add(channel, guild)
	}
	if guild == 0 {
		return a.direct(c, channel)
	}
	visit, err := a.Enter(c, guild)
	if errors.Is(err, discord.ErrUnknownGuild) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	if visit.Guild.Channel(channel) == nil {
		return a.threadRoom(ctx, visit, channel)
	}
	return visit.room(channel)
}

func (a *Access) direct(c *call.Call, channel snowflake.ID) (*Room, error) {
	ch, recipients, err := a.store.DirectChannel(c.Request.Context(), channel, c.Caller.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrMissingAccess
	}
	if err != nil {
		return nil, err
	}
	return &Room{Channel: &ch, Recipients: recipients, Here: permissions.InDM}, nil
}
