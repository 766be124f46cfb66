package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Identity is an account as authentication sees it.
type Identity struct {
	UserID        snowflake.ID
	Bot           bool
	Epoch         int64 // rises with every change of what stands here, and of the account's logins
	Verified      bool
	MFA           bool         // has a second factor; of a bot: whoever owns it has
	Admin         bool         // administers the instance
	ApplicationID snowflake.ID // of a bot
	AppFlags      int64        // of a bot's application
	TokenHash     []byte       // of a bot
}

// Identity returns what is needed to authenticate an account: a bot, with session 0, by the hash of its token; a user by
// the login that an access token names. ErrNotFound means that there is no such account, that the login has ended, or that the
// account or a bot's owner is suspended.
func (s *Store) Identity(ctx context.Context, user, session snowflake.ID) (Identity, error) {
	var i Identity
	var app *snowflake.ID
	var flags *int64
	err := s.pool.QueryRow(ctx, `
		select u.id, u.bot, u.auth_epoch, u.verified, o.mfa_enabled, u.admin, a.id, a.flags, a.bot_token_hash
		from users u left join applications a on a.bot_id = u.id join users o on o.id = coalesce(a.owner_id, u.id)
		where u.id = $1 and u.suspended_at is null and o.suspended_at is null and case when $2::bigint = 0 then u.bot else exists (
			select from auth_sessions where id = $2 and user_id = u.id and revoked_at is null) end`, user, session).
		Scan(&i.UserID, &i.Bot, &i.Epoch, &i.Verified, &i.MFA, &i.Admin, &app, &flags, &i.TokenHash)
	if err != nil {
		return i, fmt.Errorf("identity %s: %w", user, notFound(err))
	}
	if app != nil {
		i.ApplicationID, i.AppFlags = *app, *flags
	}
	return i, nil
}

// ReadySnapshot is an account at one moment of its own log.
type ReadySnapshot struct {
	Seq      int64
	User     discord.SelfUser
	Guilds   []snowflake.ID
	Channels []discord.Channel // open DMs, with recipients
	Kept     *Kept             // nil for a bot
}

// Ready returns what a session starts from.
func (s *Store) Ready(ctx context.Context, user snowflake.ID, bot bool) (*ReadySnapshot, error) {
	snap := &ReadySnapshot{}
	if !bot {
		snap.Kept = &Kept{}
	}
	var others []recipient
	err := s.snapshot(ctx, func(b *pgx.Batch) {
		b.Queue(`select seq from logs where id = $1`, user).QueryRow(func(row pgx.Row) error { return row.Scan(&snap.Seq) })
		b.Queue(`select `+selfColumns+` from users u where u.id = $1`, user).QueryRow(func(row pgx.Row) (err error) {
			snap.User, err = scanSelf(row)
			return err
		})
		b.Queue(guildsQuery, user).Query(func(rows pgx.Rows) (err error) {
			snap.Guilds, err = pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
			return err
		})
		b.Queue(directQuery, user).Query(collectInto(&snap.Channels, scanChannel))
		b.Queue(`select `+recipientColumns+recipientFrom+
			`where r.channel_id in (`+openDirect+`) and r.user_id <> $1 order by u.id`, user).
			Query(collectInto(&others, scanRecipient))
		if snap.Kept != nil {
			snap.Kept.queue(b, user)
		}
	})
	if err == nil && snap.Kept != nil {
		err = snap.Kept.finish()
	}
	if err != nil {
		return nil, fmt.Errorf("ready of user %s: %w", user, notFound(err))
	}
	setRecipients(snap.Channels, others)
	return snap, nil
}

// Membership returns the guilds that a user is in, ascending, and the seq of the user's log that this is of.
func (s *Store) Membership(ctx context.Context, user snowflake.ID) (seq int64, guilds []snowflake.ID, err error) {
	// One statement sees one moment.
	err = s.pool.QueryRow(ctx, `select l.seq, array(select guild_id from members where user_id = l.id order by guild_id)
		from logs l where l.id = $1`, user).Scan(&seq, &guilds)
	if err != nil {
		return 0, nil, fmt.Errorf("guilds of user %s: %w", user, notFound(err))
	}
	return seq, guilds, nil
}
