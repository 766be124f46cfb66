package presence

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// guildKept is how long a guild's presences are kept after the last change: so long that only those of a guild that was
	// deleted are forgotten.
	guildKept = 30 * 24 * time.Hour
	// goneKept is how long the number of who went offline is kept, longer than a copy can be late.
	goneKept = time.Minute
	// copyBatch is how many guilds are written in one round trip.
	copyBatch = 500
	// scanCount is how many presences Redis is asked for at a time, so that it serves others in between.
	scanCount = 1000
)

// copyTo writes a user's presence into guilds.
func (p *Presences) copyTo(
	ctx context.Context, guilds []snowflake.ID, user snowflake.ID, version int64, presence Presence,
) error {
	text := ""
	if presence.Status != Offline {
		encoded, err := json.Marshal(presence)
		if err != nil {
			return fmt.Errorf("presence: encode that of %s: %w", user, err)
		}
		text = string(encoded)
	}
	for batch := range slices.Chunk(guilds, copyBatch) {
		calls := make([]call, len(batch))
		for i, guild := range batch {
			calls[i] = call{
				keys: []string{guildKey(guild), goneKey(guild)},
				args: []any{user.String(), version, text, guildKept.Milliseconds(), goneKept.Milliseconds()},
			}
		}
		if err := runAll(ctx, p.rdb, guildScript, calls); err != nil {
			return fmt.Errorf("presence: copy that of %s to its guilds: %w", user, err)
		}
	}
	return nil
}

// inGuild returns the presences of all in the guild who are not offline. There may be some who have left it.
func (p *Presences) inGuild(ctx context.Context, guild snowflake.ID) (map[snowflake.ID]Presence, error) {
	present := make(map[snowflake.ID]Presence)
	for cursor := uint64(0); ; {
		pairs, next, err := p.rdb.HScan(ctx, guildKey(guild), cursor, "", scanCount).Result()
		if err != nil {
			return nil, fmt.Errorf("presence: read guild %s: %w", guild, err)
		}
		for pair := range slices.Chunk(pairs, 2) {
			user, err := snowflake.Parse(pair[0])
			if err != nil {
				return nil, fmt.Errorf("presence: user in guild %s: %w", guild, err)
			}
			_, text, _ := strings.Cut(pair[1], "\n")
			var presence Presence
			if err := json.Unmarshal([]byte(text), &presence); err != nil {
				return nil, fmt.Errorf("presence: decode that of %s: %w", user, err)
			}
			present[user] = presence
		}
		if cursor = next; cursor == 0 {
			return present, nil
		}
	}
}

// Count returns how many in the guild are not offline, approximately: some may have left it.
func (p *Presences) Count(ctx context.Context, guild snowflake.ID) (int, error) {
	n, err := p.rdb.HLen(ctx, guildKey(guild)).Result()
	if err != nil {
		return 0, fmt.Errorf("presence: count guild %s: %w", guild, err)
	}
	return int(n), nil
}

// Enter copies a user's presence to a guild that they have joined, and returns it. From before that on, Set must be told
// of the guild.
func (p *Presences) Enter(ctx context.Context, user, guild snowflake.ID) (Presence, error) {
	sessions, version, err := p.sessions(ctx, user)
	if err != nil {
		return Presence{}, err
	}
	presence := Aggregate(sessions)
	if presence.Status == Offline {
		return presence, nil
	}
	return presence, p.copyTo(ctx, []snowflake.ID{guild}, user, version, presence)
}

// Leave forgets a user's presence in a guild that they have left.
func (p *Presences) Leave(ctx context.Context, user, guild snowflake.ID) error {
	if err := p.rdb.HDel(ctx, guildKey(guild), user.String()).Err(); err != nil {
		return fmt.Errorf("presence: remove %s from guild %s: %w", user, guild, err)
	}
	return nil
}
