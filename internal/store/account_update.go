package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// UpdateSelf writes what an account may change of itself and tells its own sessions; its guilds too, if tell says that
// they see a difference. ErrEmailTaken, ErrUsernameTaken.
func (tx *Tx) UpdateSelf(ctx context.Context, u discord.SelfUser, tellGuilds bool) error {
	verified := u.Verified && !u.Bot // a bot's is made up when it is read
	err := found(tx.Exec(ctx, `update users set username = $2, global_name = $3, avatar = $4, banner = $5,
		accent_color = $6, bio = $7, locale = $8, email = $9, verified = $10, pronouns = $11 where id = $1`,
		u.ID, u.Username, u.GlobalName, u.Avatar, u.Banner, u.AccentColor, u.Bio, u.Locale, u.Email, verified, u.Pronouns))
	if err != nil {
		return fmt.Errorf("update user %s: %w", u.ID, accountTaken(err))
	}
	if err := tx.Emit(u.ID, events.Header{Type: discord.EventUserUpdate, User: u.ID}, u); err != nil {
		return err
	}
	if !tellGuilds {
		return nil
	}
	return tx.emitMemberships(ctx, u.ID)
}

// emitMemberships sends a user's membership, with the user as it is now, to each of its guilds.
func (tx *Tx) emitMemberships(ctx context.Context, user snowflake.ID) error {
	type membership struct {
		guild  snowflake.ID
		member discord.Member
	}
	scan := func(row pgx.Row) (m membership, err error) {
		m.member, err = scanMember(withLast{row, &m.guild})
		return m, err
	}
	memberships, err := collect(ctx, tx, scan,
		`select `+memberColumns+`, m.guild_id`+memberFrom+`where m.user_id = $1`, user)
	if err != nil {
		return fmt.Errorf("memberships of user %s: %w", user, err)
	}
	for _, m := range memberships {
		head := events.Header{Type: discord.EventGuildMemberUpdate, Guild: m.guild, User: user}
		if err := tx.Emit(m.guild, head, discord.MemberEvent{Member: m.member, GuildID: m.guild}); err != nil {
			return err
		}
	}
	return nil
}
