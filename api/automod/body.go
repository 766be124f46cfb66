package automod

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Limits of a rule.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-metadata-field-limits
const (
	maxName           = 100
	maxKeywords       = 1000
	maxKeyword        = 60
	maxPatterns       = 10
	maxPattern        = 260
	maxAllowed        = 100
	maxAllowedPreset  = 1000
	maxMentionLimit   = 50
	maxActions        = 5
	maxCustomMessage  = 300
	maxTimeOut        = 2_419_200 // seconds: four weeks
	maxExemptRoles    = 20
	maxExemptChannels = 50
)

// body is what a client sends to create or change a rule.
// https://discord.com/developers/docs/resources/auto-moderation#create-auto-moderation-rule-json-params
type body struct {
	Name           form.Field[string]         `json:"name"`
	EventType      form.Field[form.Int]       `json:"event_type"`
	TriggerType    form.Field[form.Int]       `json:"trigger_type"`
	Metadata       form.Field[metadata]       `json:"trigger_metadata"`
	Actions        form.Field[[]action]       `json:"actions"`
	Enabled        form.Field[form.Bool]      `json:"enabled"`
	ExemptRoles    form.Field[[]snowflake.ID] `json:"exempt_roles"`
	ExemptChannels form.Field[[]snowflake.ID] `json:"exempt_channels"`
}

type metadata struct {
	KeywordFilter     form.Field[[]string]   `json:"keyword_filter"`
	RegexPatterns     form.Field[[]string]   `json:"regex_patterns"`
	Presets           form.Field[[]form.Int] `json:"presets"`
	AllowList         form.Field[[]string]   `json:"allow_list"`
	MentionTotalLimit form.Field[form.Int]   `json:"mention_total_limit"`
	RaidProtection    form.Field[form.Bool]  `json:"mention_raid_protection_enabled"`
}

type action struct {
	Type     form.Int `json:"type"`
	Metadata *struct {
		ChannelID       *snowflake.ID `json:"channel_id"`
		DurationSeconds *form.Int     `json:"duration_seconds"`
		CustomMessage   *string       `json:"custom_message"`
	} `json:"metadata"`
}

// apply writes what was sent into a rule, whose trigger type is set, and notes what is wrong with it.
func (b *body) apply(p *form.Problems, v *access.Visit, r *discord.AutoModRule) {
	if b.Name.Apply(&r.Name) {
		p.Length("name", r.Name, 1, maxName)
	}
	if b.EventType.Set {
		r.EventType = int(b.EventType.Value)
		want := discord.AutoModOnMessage
		if r.TriggerType == discord.AutoModProfile {
			want = discord.AutoModOnMember
		}
		form.OneOf(p, "event_type", r.EventType, want)
	}
	b.Metadata.Value.apply(p, r)
	if b.Actions.Set {
		r.Actions = b.actions(p, v, r.TriggerType)
	}
	if b.Enabled.Set {
		r.Enabled = bool(b.Enabled.Value)
	}
	if b.ExemptRoles.Apply(&r.ExemptRoles) {
		r.ExemptRoles = known(p, "exempt_roles", r.ExemptRoles, maxExemptRoles, func(id snowflake.ID) bool { return v.Guild.Role(id) != nil })
	}
	if b.ExemptChannels.Apply(&r.ExemptChannels) {
		r.ExemptChannels = known(p, "exempt_channels", r.ExemptChannels, maxExemptChannels, func(id snowflake.ID) bool { return v.Guild.Channel(id) != nil })
	}
}

// known are the ids without repetitions; each must exist.
func known(p *form.Problems, path string, ids []snowflake.ID, most int, exists func(snowflake.ID) bool) []snowflake.ID {
	p.Max(path, len(ids), most)
	list := []snowflake.ID{}
	for i, id := range ids[:min(len(ids), most)] {
		if !exists(id) {
			p.Add(form.At(path, i), "BASE_TYPE_BAD_VALUE", "The guild has nothing of this id.")
		}
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// apply writes the fields that the rule's trigger has; they are never nil afterwards.
func (m *metadata) apply(p *form.Problems, r *discord.AutoModRule) {
	const path = "trigger_metadata"
	is := &r.Metadata
	texts := func(field string, sent form.Field[[]string], to *[]string, most, length int) {
		if sent.Set {
			*to = sent.Value
			p.Max(form.At(path, field), len(sent.Value), most)
			for i, text := range sent.Value[:min(len(sent.Value), most)] {
				if n := utf8.RuneCountInString(text); n < 1 || n > length {
					p.Length(form.At(path, field, i), text, 1, length)
				}
			}
		}
		if *to == nil {
			*to = []string{}
		}
	}
	switch r.TriggerType {
	case discord.AutoModKeyword, discord.AutoModProfile:
		texts("keyword_filter", m.KeywordFilter, &is.KeywordFilter, maxKeywords, maxKeyword)
		texts("regex_patterns", m.RegexPatterns, &is.RegexPatterns, maxPatterns, maxPattern)
		texts("allow_list", m.AllowList, &is.AllowList, maxAllowed, maxKeyword)
		for i, pattern := range is.RegexPatterns {
			if _, err := regexp.Compile(pattern); err != nil {
				p.Add(form.At(path, "regex_patterns", i), "AUTO_MODERATION_INVALID_REGEX", "Invalid regex pattern")
			}
		}
	case discord.AutoModKeywordPreset:
		texts("allow_list", m.AllowList, &is.AllowList, maxAllowedPreset, maxKeyword)
		m.presets(p, form.At(path, "presets"), is)
	case discord.AutoModMentionSpam:
		limit, protected := 0, false
		if is.MentionTotalLimit != nil {
			limit, protected = *is.MentionTotalLimit, *is.RaidProtection
		}
		if m.MentionTotalLimit.Set {
			p.Range(form.At(path, "mention_total_limit"), int64(m.MentionTotalLimit.Value), 0, maxMentionLimit)
			limit = int(m.MentionTotalLimit.Value)
		}
		if m.RaidProtection.Set {
			protected = bool(m.RaidProtection.Value)
		}
		is.MentionTotalLimit, is.RaidProtection = &limit, &protected
	}
}

func (m *metadata) presets(p *form.Problems, path string, is *discord.AutoModMetadata) {
	if m.Presets.Set {
		is.Presets = []int{}
		for i, preset := range m.Presets.Value[:min(len(m.Presets.Value), maxPresets+1)] {
			form.OneOf(p, form.At(path, i), preset, 1, 2, 3)
			if !slices.Contains(is.Presets, int(preset)) {
				is.Presets = append(is.Presets, int(preset))
			}
		}
		p.Max(path, len(m.Presets.Value), maxPresets)
	}
	if is.Presets == nil {
		is.Presets = []int{}
	}
}

const maxPresets = 3

// possible are the actions that a trigger may have.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-action-object-action-types
func possible(t discord.AutoModTrigger) []form.Int {
	switch t {
	case discord.AutoModKeyword, discord.AutoModMentionSpam:
		return []form.Int{1, 2, 3}
	case discord.AutoModProfile:
		return []form.Int{2, 4}
	}
	return []form.Int{1, 2}
}

func (b *body) actions(p *form.Problems, v *access.Visit, trigger discord.AutoModTrigger) []discord.AutoModAction {
	const path = "actions"
	if len(b.Actions.Value) == 0 {
		p.Required(path)
	}
	p.Max(path, len(b.Actions.Value), maxActions)
	list := []discord.AutoModAction{}
	for i, sent := range b.Actions.Value[:min(len(b.Actions.Value), maxActions)] {
		at := form.At(path, i)
		form.OneOf(p, form.At(at, "type"), sent.Type, possible(trigger)...)
		a := discord.AutoModAction{Type: discord.AutoModActionType(sent.Type)}
		if slices.ContainsFunc(list, func(earlier discord.AutoModAction) bool { return earlier.Type == a.Type }) {
			p.Add(form.At(at, "type"), "BASE_TYPE_BAD_VALUE", "A rule does each thing once.")
		}
		sent.read(p, form.At(at, "metadata"), v, &a)
		list = append(list, a)
	}
	return list
}

func (s *action) read(p *form.Problems, path string, v *access.Visit, a *discord.AutoModAction) {
	switch m := s.Metadata; a.Type {
	case discord.AutoModBlock:
		if m != nil && m.CustomMessage != nil && *m.CustomMessage != "" {
			p.Length(form.At(path, "custom_message"), *m.CustomMessage, 1, maxCustomMessage)
			a.Metadata.CustomMessage = m.CustomMessage
		}
	case discord.AutoModAlert:
		if m == nil || m.ChannelID == nil {
			p.Required(form.At(path, "channel_id"))
			return
		}
		if ch := v.Guild.Channel(*m.ChannelID); ch == nil || !ch.Type.HasMessages() {
			p.Add(form.At(path, "channel_id"), "BASE_TYPE_BAD_VALUE", "Not a channel of this guild that takes messages.")
		}
		a.Metadata.ChannelID = m.ChannelID
	case discord.AutoModTimeOut:
		seconds := 0
		if m == nil || m.DurationSeconds == nil {
			p.Required(form.At(path, "duration_seconds"))
		} else {
			p.Range(form.At(path, "duration_seconds"), int64(*m.DurationSeconds), 0, maxTimeOut)
			seconds = int(*m.DurationSeconds)
		}
		a.Metadata.DurationSeconds = &seconds
	}
}

// needs are the permissions for what a rule does, beside those for rules as such.
func needs(actions []discord.AutoModAction) permissions.Set {
	for _, a := range actions {
		if a.Type == discord.AutoModTimeOut || a.Type == discord.AutoModQuarantine {
			return permissions.ManageGuild | permissions.ModerateMembers
		}
	}
	return permissions.ManageGuild
}
