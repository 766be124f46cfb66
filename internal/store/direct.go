package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	openDirect = `select channel_id from channel_recipients where user_id = $1 and not closed`
	// directQuery is a user's open DMs, newest activity first.
	directQuery = `select ` + channelColumns + ` from channels where id in (` + openDirect + `)
		order by last_message_id desc nulls last, id desc`
	recipientColumns = `r.channel_id, r.nick, ` + userColumns
	recipientFrom    = ` from channel_recipients r join users u on u.id = r.user_id `
)

// directChannels returns a user's open DMs with the other recipients, newest activity first.
func directChannels(ctx context.Context, q querier, user snowflake.ID) ([]discord.Channel, error) {
	channels, err := collect(ctx, q, scanChannel, directQuery, user)
	if err != nil {
		return nil, fmt.Errorf("DMs of user %s: %w", user, err)
	}
	if err := addRecipients(ctx, q, channels, user); err != nil {
		return nil, err
	}
	return channels, nil
}

// addRecipients fills in who else is in each DM; a user never sees itself among them.
func addRecipients(ctx context.Context, q querier, channels []discord.Channel, self snowflake.ID) error {
	if len(channels) == 0 {
		return nil
	}
	ids := make([]snowflake.ID, len(channels))
	for i, c := range channels {
		ids[i] = c.ID
	}
	others, err := collect(ctx, q, scanRecipient, `select `+recipientColumns+recipientFrom+
		`where r.channel_id = any($1) and r.user_id <> $2 order by u.id`, ids, self)
	if err != nil {
		return fmt.Errorf("recipients: %w", err)
	}
	setRecipients(channels, others)
	return nil
}

// recipient is somebody in a DM.
type recipient struct {
	channel snowflake.ID
	nick    *string
	user    discord.User
}

func scanRecipient(row pgx.Row) (r recipient, err error) {
	err = row.Scan(append([]any{&r.channel, &r.nick}, userTargets(&r.user)...)...)
	return r, err
}

func setRecipients(channels []discord.Channel, others []recipient) {
	at := make(map[snowflake.ID]int, len(channels))
	for i, c := range channels {
		at[c.ID] = i
		channels[i].Recipients = []discord.User{}
	}
	for _, r := range others {
		if i, open := at[r.channel]; open {
			channels[i].Recipients = append(channels[i].Recipients, r.user)
			if r.nick != nil {
				channels[i].Nicks = append(channels[i].Nicks, discord.RecipientNick{ID: r.user.ID, Nick: *r.nick})
			}
		}
	}
}

// DirectChannel returns a DM as one of its recipients sees it, and everybody who is in it; ErrNotFound when the user is
// not.
func (s *Store) DirectChannel(ctx context.Context, id, user snowflake.ID) (discord.Channel, []snowflake.ID, error) {
	c, err := s.Channel(ctx, id)
	if err != nil {
		return c, nil, err
	}
	one := []discord.Channel{c}
	if err := addRecipients(ctx, s.pool, one, user); err != nil {
		return c, nil, err
	}
	var inside bool
	err = s.pool.QueryRow(ctx,
		`select exists (select from channel_recipients where channel_id = $1 and user_id = $2)`, id, user).Scan(&inside)
	if err != nil {
		return c, nil, fmt.Errorf("recipients of %s: %w", id, err)
	}
	if !inside {
		return c, nil, fmt.Errorf("channel %s: %w", id, ErrNotFound)
	}
	everybody := []snowflake.ID{user}
	for _, r := range one[0].Recipients {
		everybody = append(everybody, r.ID)
	}
	return one[0], everybody, nil
}
