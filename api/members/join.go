package members

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// MayJoin checks that nothing keeps a user from becoming a member of a guild: no ban, and no number of guilds.
func MayJoin(ctx context.Context, tx *store.Tx, guild, user snowflake.ID) error {
	banned, err := tx.Banned(ctx, guild, user)
	if err != nil {
		return err
	}
	if banned {
		return discord.ErrBannedFromGuild
	}
	guilds, err := tx.GuildCount(ctx, user)
	if err != nil {
		return err
	}
	most, err := tx.Limit(ctx, store.LimitGuilds, user)
	if err != nil {
		return err
	}
	if int64(guilds) >= most {
		return discord.ErrTooManyGuilds
	}
	return nil
}

// join makes the caller a member of a guild that anybody can find. To who isn't to know of a guild there is none.
// https://docs.discord.food/resources/guild#join-guild
func (h *Handlers) join(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	if c.QueryBool("lurker") {
		return form.Single("lurker", "BASE_TYPE_BAD_VALUE", "A guild can't be looked at without joining it.")
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	var guild *access.Guild
	var joined bool
	err = h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if guild, err = access.Hold(ctx, tx, id); err != nil {
			return err
		}
		if _, err := tx.Member(ctx, id, user); !errors.Is(err, store.ErrNotFound) {
			joined = false
			return err // nil for a member
		}
		if !mayBeFound(guild, time.Now()) {
			return discord.ErrUnknownGuild
		}
		if err := MayJoin(ctx, tx, id, user); err != nil {
			return err
		}
		joined = true
		if _, err = tx.JoinAs(ctx, id, user, store.Joining{Source: discord.JoinByDiscovery}); errors.Is(err, store.ErrFull) {
			return discord.ErrTooManyMembers
		}
		return err
	})
	if err != nil {
		return err
	}
	if !joined {
		return c.Done()
	}
	return c.Reply(http.StatusOK, guild.Guild)
}

// mayBeFound reports whether anybody may join the guild now.
func mayBeFound(g *access.Guild, now time.Time) bool {
	has := func(feature string) bool { return slices.Contains(g.Guild.Features, feature) }
	if in := g.Guild.IncidentsData; in != nil && in.InvitesDisabledUntil != nil && in.InvitesDisabledUntil.After(now) {
		return false
	}
	return has(discord.FeatureDiscoverable) && !has(discord.FeatureInvitesDisabled)
}
