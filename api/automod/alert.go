package automod

import (
	"context"
	"errors"
	"strconv"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// send posts the alert to the rule's channel, as a message of whom it is about. A channel that is gone gets none.
func (e *execution) send(ctx context.Context) (sent bool, err error) {
	channel := *e.action.Metadata.ChannelID
	kind, err := e.tx.ChannelType(ctx, channel)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	member, err := e.tx.Member(ctx, e.guild, e.user.ID)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	id := e.tx.NewID()
	m := discord.Message{
		ID: id, ChannelID: channel, Type: discord.MessageAutoModAction, Author: e.user, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{e.embed()},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
	}
	if err := e.tx.InsertMessage(ctx, &e.guild, m); err != nil {
		return false, err
	}
	e.alert = &id
	event := discord.MessageEvent{Message: m, GuildID: &e.guild, ChannelType: kind}
	if known {
		member.User = nil
		event.Member = &member
	}
	head := events.Header{Type: discord.EventMessageCreate, Guild: e.guild, Channel: channel, User: e.user.ID}
	return true, e.tx.Emit(e.guild, head, event)
}

// embed says what has happened, in the fields that clients know.
func (e *execution) embed() discord.Embed {
	outcome := "flagged"
	if e.Blocked() != nil {
		outcome = "blocked"
	}
	fields := []discord.EmbedField{
		{Name: "rule_name", Value: e.rule.Name},
		{Name: "decision_id", Value: e.tx.NewID().String()},
		{Name: "decision_outcome", Value: outcome},
	}
	add := func(name string, value *string) {
		if value != nil {
			fields = append(fields, discord.EmbedField{Name: name, Value: *value})
		}
	}
	add("keyword", e.keyword)
	add("keyword_matched_content", e.matched)
	if e.channel != 0 {
		fields = append(fields, discord.EmbedField{Name: "channel_id", Value: e.channel.String()})
	}
	if e.message != nil {
		fields = append(fields, discord.EmbedField{Name: "flagged_message_id", Value: e.message.String()})
	}
	for _, a := range e.rule.Actions {
		if a.Type == discord.AutoModTimeOut {
			fields = append(fields, discord.EmbedField{Name: "timeout_duration", Value: strconv.Itoa(*a.Metadata.DurationSeconds)})
		}
		if a.Type == discord.AutoModQuarantine {
			fields = append(fields,
				discord.EmbedField{Name: "quarantine_user", Value: e.names[e.text]},
				discord.EmbedField{Name: "quarantine_event", Value: e.event},
				discord.EmbedField{Name: "quarantine_user_action", Value: "quarantine_user"})
		}
	}
	return discord.Embed{Type: "auto_moderation_message", Description: e.text, Fields: fields}
}
