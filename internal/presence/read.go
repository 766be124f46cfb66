package presence

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Sessions returns a user's sessions, by id.
func (p *Presences) Sessions(ctx context.Context, user snowflake.ID) ([]Session, error) {
	sessions, _, err := p.sessions(ctx, user)
	slices.SortFunc(sessions, func(a, b Session) int { return cmp.Compare(a.ID, b.ID) })
	return sessions, err
}

// sessions also returns the number of the last change.
func (p *Presences) sessions(ctx context.Context, user snowflake.ID) ([]Session, int64, error) {
	fields, err := p.rdb.HGetAll(ctx, userKey(user)).Result()
	if err != nil {
		return nil, 0, fmt.Errorf("presence: read the sessions of %s: %w", user, err)
	}
	sessions, err := decodeSessions(fields)
	if err != nil {
		return nil, 0, err
	}
	version, _ := strconv.ParseInt(fields[versionField], 10, 64) // absent: nobody there
	return sessions, version, nil
}

// Users returns the presences of those of the users who are not offline, in one round trip.
func (p *Presences) Users(ctx context.Context, users []snowflake.ID) (map[snowflake.ID]Presence, error) {
	present := make(map[snowflake.ID]Presence)
	if len(users) == 0 {
		return present, nil
	}
	pipe := p.rdb.Pipeline()
	cmds := make([]*redis.MapStringStringCmd, len(users))
	for i, user := range users {
		cmds[i] = pipe.HGetAll(ctx, userKey(user))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("presence: read %d users: %w", len(users), err)
	}
	for i, user := range users {
		sessions, err := decodeSessions(cmds[i].Val())
		if err != nil {
			return nil, err
		}
		if presence := Aggregate(sessions); presence.Status != Offline {
			present[user] = presence
		}
	}
	return present, nil
}

// Connected returns which of the users have a session, whatever its status, in one round trip.
func (p *Presences) Connected(ctx context.Context, users []snowflake.ID) (map[snowflake.ID]bool, error) {
	connected := make(map[snowflake.ID]bool, len(users))
	pipe := p.rdb.Pipeline()
	cmds := make([]*redis.MapStringStringCmd, len(users))
	for i, user := range users {
		cmds[i] = pipe.HGetAll(ctx, userKey(user))
	}
	if len(users) == 0 {
		return connected, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("presence: read %d users: %w", len(users), err)
	}
	for i, user := range users {
		sessions, err := decodeSessions(cmds[i].Val())
		if err != nil {
			return nil, err
		}
		connected[user] = len(sessions) > 0
	}
	return connected, nil
}

// InGuild returns the presences of all in a guild who are not offline. There may be some who have left it.
func (p *Presences) InGuild(ctx context.Context, guild snowflake.ID) (map[snowflake.ID]Presence, error) {
	return p.inGuild(ctx, guild)
}

// Guild returns the data of a PRESENCE_UPDATE for each of the members who is not offline.
func (p *Presences) Guild(
	ctx context.Context, guild snowflake.ID, members []snowflake.ID,
) (map[snowflake.ID]json.RawMessage, error) {
	all, err := p.inGuild(ctx, guild)
	if err != nil {
		return nil, err
	}
	present := make(map[snowflake.ID]json.RawMessage)
	for _, member := range members {
		presence, ok := all[member]
		if !ok {
			continue
		}
		if present[member], err = presence.Event(member, guild); err != nil {
			return nil, fmt.Errorf("presence: encode that of %s: %w", member, err)
		}
	}
	return present, nil
}
