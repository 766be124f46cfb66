package store

import (
	"context"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// WebhookCounts returns how many webhooks a channel and its guild have. Exact under HoldGuild.
func (tx *Tx) WebhookCounts(ctx context.Context, guild, channel snowflake.ID) (inChannel, inGuild int, err error) {
	err = tx.QueryRow(ctx, `select count(*) filter (where channel_id = $2), count(*) from webhooks where guild_id = $1`,
		guild, channel).Scan(&inChannel, &inGuild)
	if err != nil {
		return 0, 0, fmt.Errorf("count webhooks of channel %s: %w", channel, err)
	}
	return inChannel, inGuild, nil
}

// CreateWebhook adds a webhook, tells those who see its channel, and returns it whole.
func (tx *Tx) CreateWebhook(ctx context.Context, w discord.Webhook) (discord.Webhook, error) {
	var source, user *snowflake.ID
	if w.SourceChannel != nil {
		source = &w.SourceChannel.ID
	}
	if w.User != nil {
		user = &w.User.ID
	}
	var token *string
	if w.Token != "" {
		token = &w.Token
	}
	_, err := tx.Exec(ctx, `insert into webhooks
		(id, type, guild_id, channel_id, user_id, application_id, name, avatar, token, source_channel_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		w.ID, w.Type, w.GuildID, w.ChannelID, user, w.ApplicationID, w.Name, w.Avatar, token, source)
	if err != nil {
		return w, fmt.Errorf("create webhook: %w", err)
	}
	if err := tx.emitWebhooks(*w.GuildID, *w.ChannelID); err != nil {
		return w, err
	}
	return webhook(ctx, tx, w.ID, "")
}

// UpdateWebhook writes what can be changed of a held webhook: name, picture, channel. It tells those who see the channel, and
// the one that the webhook was in before.
func (tx *Tx) UpdateWebhook(ctx context.Context, was, w discord.Webhook) error {
	err := found(tx.Exec(ctx, `update webhooks set name = $2, avatar = $3, channel_id = $4 where id = $1`,
		w.ID, w.Name, w.Avatar, w.ChannelID))
	if err != nil {
		return fmt.Errorf("update webhook %s: %w", w.ID, err)
	}
	if *was.ChannelID != *w.ChannelID {
		if err := tx.emitWebhooks(*was.GuildID, *was.ChannelID); err != nil {
			return err
		}
	}
	return tx.emitWebhooks(*w.GuildID, *w.ChannelID)
}

// DeleteWebhook removes a webhook and tells those who see its channel. What it posted stays.
func (tx *Tx) DeleteWebhook(ctx context.Context, w discord.Webhook) error {
	if err := found(tx.Exec(ctx, `delete from webhooks where id = $1`, w.ID)); err != nil {
		return fmt.Errorf("delete webhook %s: %w", w.ID, err)
	}
	return tx.emitWebhooks(*w.GuildID, *w.ChannelID)
}

func (tx *Tx) emitWebhooks(guild, channel snowflake.ID) error {
	head := events.Header{Type: discord.EventWebhooksUpdate, Guild: guild, Channel: channel}
	return tx.Emit(guild, head, discord.WebhooksUpdateEvent{GuildID: guild, ChannelID: channel})
}
