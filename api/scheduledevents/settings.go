package scheduledevents

import (
	"context"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxName        = 100
	maxDescription = 1000
	maxLocation    = 100
	guildOnly      = 2 // the only privacy level there is
)

// settings are what can be said of an event; Status only of one that exists.
type settings struct {
	Name        form.Field[string]             `json:"name"`
	Description form.Field[*string]            `json:"description"`
	Image       form.Field[*string]            `json:"image"`
	Start       form.Field[discord.Timestamp]  `json:"scheduled_start_time"`
	End         form.Field[*discord.Timestamp] `json:"scheduled_end_time"`
	Privacy     form.Field[form.Int]           `json:"privacy_level"`
	EntityType  form.Field[form.Int]           `json:"entity_type"`
	ChannelID   form.Field[*snowflake.ID]      `json:"channel_id"`
	Metadata    form.Field[*metadata]          `json:"entity_metadata"`
	Recurrence  form.Field[*rule]              `json:"recurrence_rule"`
	Status      form.Field[form.Int]           `json:"status"`
}

type metadata struct {
	Location *string `json:"location"`
}

// check looks at each field by itself.
func (s *settings) check() error {
	var p form.Problems
	if s.Name.Set {
		s.Name.Value = strings.TrimSpace(s.Name.Value)
		p.Length("name", s.Name.Value, 1, maxName)
	}
	if s.Description.Value != nil {
		p.Length("description", *s.Description.Value, 0, maxDescription)
	}
	if s.Privacy.Set {
		form.OneOf(&p, "privacy_level", s.Privacy.Value, guildOnly)
	}
	if s.EntityType.Set {
		form.OneOf(&p, "entity_type", s.EntityType.Value, form.Int(discord.EntityStage), form.Int(discord.EntityVoice),
			form.Int(discord.EntityExternal))
	}
	if s.Status.Set {
		form.OneOf(&p, "status", s.Status.Value, form.Int(discord.EventScheduled), form.Int(discord.EventActive),
			form.Int(discord.EventCompleted), form.Int(discord.EventCanceled))
	}
	if s.Metadata.Value != nil && s.Metadata.Value.Location != nil {
		p.Length("entity_metadata.location", *s.Metadata.Value.Location, 1, maxLocation)
	}
	if s.Recurrence.Value != nil {
		s.Recurrence.Value.check(&p)
	}
	return p.Err()
}

// apply sets what was given, but the status.
func (s *settings) apply(ctx context.Context, tx *store.Tx, e *discord.ScheduledEvent) error {
	s.Name.Apply(&e.Name)
	s.Description.Apply(&e.Description)
	s.Start.Apply(&e.Start)
	s.End.Apply(&e.End)
	s.ChannelID.Apply(&e.ChannelID)
	if s.EntityType.Set {
		e.EntityType = discord.EntityType(s.EntityType.Value)
		if e.EntityType == discord.EntityExternal && !s.ChannelID.Set {
			e.ChannelID = nil
		}
		if e.EntityType != discord.EntityExternal && !s.Metadata.Set {
			e.EntityMetadata = nil
		}
	}
	if s.Metadata.Set {
		e.EntityMetadata = nil
		if s.Metadata.Value != nil && s.Metadata.Value.Location != nil {
			e.EntityMetadata = &discord.EntityMetadata{Location: *s.Metadata.Value.Location}
		}
	}
	if s.Recurrence.Set {
		e.Recurrence = s.Recurrence.Value.wire()
	}
	return images.Apply(ctx, tx, "image", s.Image, &e.Image)
}

// checkWhole looks at what an event would be: whether its place suits its type, and its times each other.
func (s *settings) checkWhole(v *access.Visit, e discord.ScheduledEvent, now time.Time) error {
	var p form.Problems
	if s.Start.Set && !e.Start.After(now) {
		p.Add("scheduled_start_time", "GUILD_SCHEDULED_EVENT_SCHEDULE_PAST", "Cannot schedule event in the past.")
	}
	if e.End != nil && !e.End.After(e.Start.Time) {
		p.Add("scheduled_end_time", "BASE_TYPE_BAD_VALUE", "The end must come after the start.")
	}
	if e.Recurrence != nil && s.Recurrence.Set && e.Recurrence.Start.After(e.Start.Time) {
		p.Add("recurrence_rule.start", "BASE_TYPE_BAD_VALUE", "The rule must not begin after the event.")
	}
	if e.EntityType == discord.EntityExternal {
		if e.ChannelID != nil {
			p.Add("channel_id", "BASE_TYPE_BAD_VALUE", "An external event has no channel.")
		}
		if e.EntityMetadata == nil {
			p.Required("entity_metadata.location")
		}
		if e.End == nil {
			p.Required("scheduled_end_time")
		}
		return p.Err()
	}
	if e.EntityMetadata != nil {
		p.Add("entity_metadata", "BASE_TYPE_BAD_VALUE", "Only external events have a location.")
	}
	if e.ChannelID == nil {
		p.Required("channel_id")
		return p.Err()
	}
	kind := discord.ChannelVoice
	if e.EntityType == discord.EntityStage {
		kind = discord.ChannelStage
	}
	if ch := v.Guild.Channel(*e.ChannelID); ch == nil {
		return discord.ErrUnknownChannel
	} else if ch.Type != kind {
		p.Add("channel_id", "BASE_TYPE_BAD_VALUE", "The channel's type does not suit the event's.")
	}
	return p.Err()
}

// needed is what one must be allowed where the event takes place.
func needed(e discord.ScheduledEvent) permissions.Set {
	switch e.EntityType {
	case discord.EntityStage:
		return permissions.ViewChannel | permissions.Connect | permissions.ManageChannels | permissions.MuteMembers | permissions.MoveMembers
	case discord.EntityVoice:
		return permissions.ViewChannel | permissions.Connect
	}
	return 0
}

// mayPlace checks that the caller may have an event there.
func mayPlace(v *access.Visit, e discord.ScheduledEvent, also permissions.Set) error {
	here := v.Permissions
	if e.ChannelID != nil {
		here = v.Guild.PermissionsIn(v.Member, *e.ChannelID)
	}
	if !here.Has(needed(e) | also) {
		return discord.ErrMissingPermissions
	}
	return nil
}
