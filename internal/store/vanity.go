package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// vanityInvite returns a guild's own code as an invite: to the channel where joins are announced, or the first for text.
func vanityInvite(ctx context.Context, q querier, code string) (discord.Invite, error) {
	i := newInvite()
	err := q.QueryRow(ctx, `select `+inviteGuildColumns+` g.vanity_uses from guilds g
		cross join lateral (select id, type, name from channels where guild_id = g.id and type in (0, 5)
			order by (id = g.system_channel_id) is true desc, position, id limit 1) c
		where g.vanity_code = lower($1)`, code).Scan(append(inviteGuildTargets(&i), i.Uses)...)
	if err != nil {
		return i, fmt.Errorf("invite: %w", notFound(err))
	}
	i.Code = *i.Guild.VanityURLCode
	finishInvite(&i, i.Guild.ID.Time(), nil)
	return i, nil
}

func (tx *Tx) useVanity(ctx context.Context, guild snowflake.ID) error {
	if _, err := tx.Exec(ctx, `update guilds set vanity_uses = vanity_uses + 1 where id = $1`, guild); err != nil {
		return fmt.Errorf("count use of the vanity code of guild %s: %w", guild, err)
	}
	return nil
}

// VanityUses returns how often a guild's own code was used since it was set.
func (s *Store) VanityUses(ctx context.Context, guild snowflake.ID) (uses int, err error) {
	if err = s.pool.QueryRow(ctx, `select vanity_uses from guilds where id = $1`, guild).Scan(&uses); err != nil {
		return 0, fmt.Errorf("vanity code of guild %s: %w", guild, notFound(err))
	}
	return uses, nil
}

// ResetVanity makes a guild's code, which UpdateGuild writes, count its uses anew. ErrTaken: an invite has the code.
func (tx *Tx) ResetVanity(ctx context.Context, guild snowflake.ID, code *string) error {
	var used bool
	err := tx.QueryRow(ctx, `with reset as (update guilds set vanity_uses = 0 where id = $1)
		select exists (select from invites where lower(code) = $2)`, guild, code).Scan(&used)
	if err != nil {
		return fmt.Errorf("reset the vanity code of guild %s: %w", guild, err)
	}
	if used {
		return ErrTaken
	}
	return nil
}

// taken reports whether an error is that of a value that must be unique.
func taken(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == uniqueViolation
}
