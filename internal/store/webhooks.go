package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// webhookColumns are a webhook with who made it and, of a follower, what it follows.
const webhookColumns = `w.id, w.type, w.guild_id, w.channel_id, w.application_id, w.name, w.avatar, coalesce(w.token, ''),
	c.id, c.name, g.id, g.name, g.icon, w.user_id, coalesce(u.username, ''), u.global_name, u.avatar, u.banner,
	u.accent_color, coalesce(u.bot, false), coalesce(u.flags, 0)`

const webhookFrom = ` from webhooks w left join users u on u.id = w.user_id
	left join channels c on c.id = w.source_channel_id left join guilds g on g.id = c.guild_id `

func scanWebhook(row pgx.Row) (discord.Webhook, error) {
	var w discord.Webhook
	var sourceChannel, sourceGuild, user *snowflake.ID
	var channelName, guildName, icon *string
	var maker discord.User
	targets := append([]any{&w.ID, &w.Type, &w.GuildID, &w.ChannelID, &w.ApplicationID, &w.Name, &w.Avatar, &w.Token,
		&sourceChannel, &channelName, &sourceGuild, &guildName, &icon, &user}, userTargets(&maker)[1:]...)
	if err := row.Scan(targets...); err != nil {
		return w, err
	}
	if user != nil {
		maker.ID = *user
		w.User = &maker
	}
	if sourceChannel != nil && sourceGuild != nil {
		w.SourceChannel = &discord.WebhookSourceChannel{ID: *sourceChannel, Name: or(channelName, "")}
		w.SourceGuild = &discord.WebhookSourceGuild{ID: *sourceGuild, Name: or(guildName, ""), Icon: icon}
	}
	return w, nil
}

// Webhook returns a webhook with its token.
func (s *Store) Webhook(ctx context.Context, id snowflake.ID) (discord.Webhook, error) {
	return webhook(ctx, s.pool, id, "")
}

// HoldWebhook locks a webhook until the end of the change and returns it with its token.
func (tx *Tx) HoldWebhook(ctx context.Context, id snowflake.ID) (discord.Webhook, error) {
	return webhook(ctx, tx, id, `for update of w`)
}

func webhook(ctx context.Context, q querier, id snowflake.ID, lock string) (discord.Webhook, error) {
	w, err := scanWebhook(q.QueryRow(ctx, `select `+webhookColumns+webhookFrom+`where w.id = $1 `+lock, id))
	if err != nil {
		return w, fmt.Errorf("webhook %s: %w", id, notFound(err))
	}
	return w, nil
}

// GuildWebhooks returns the webhooks of a guild with their tokens, oldest first.
func (s *Store) GuildWebhooks(ctx context.Context, guild snowflake.ID) ([]discord.Webhook, error) {
	return s.webhooks(ctx, `w.guild_id = $1`, guild)
}

// ChannelWebhooks returns the webhooks of a channel with their tokens, oldest first.
func (s *Store) ChannelWebhooks(ctx context.Context, channel snowflake.ID) ([]discord.Webhook, error) {
	return s.webhooks(ctx, `w.channel_id = $1`, channel)
}

func (s *Store) webhooks(ctx context.Context, condition string, id snowflake.ID) ([]discord.Webhook, error) {
	found, err := collect(ctx, s.pool, scanWebhook,
		`select `+webhookColumns+webhookFrom+`where `+condition+` order by w.id`, id)
	if err != nil {
		return nil, fmt.Errorf("webhooks of %s: %w", id, err)
	}
	return found, nil
}
