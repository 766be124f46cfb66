package applications

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/api/names"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxDescription = 400
	maxTags        = 5
	maxTag         = 20
)

// ownFlags are the flags that an owner may set: those that grant privileged intents.
const ownFlags = discord.AppFlagPresence | discord.AppFlagPresenceLimited | discord.AppFlagGuildMembers |
	discord.AppFlagGuildMembersLimited | discord.AppFlagMessageContent | discord.AppFlagMessageContentLimited

// settings is what can be changed of an application.
// https://discord.com/developers/docs/resources/application#edit-current-application
type settings struct {
	Name                form.Field[string]        `json:"name"`
	Description         form.Field[description]   `json:"description"`
	Icon                form.Field[*string]       `json:"icon"`
	CoverImage          form.Field[*string]       `json:"cover_image"`
	Flags               form.Field[form.Int]      `json:"flags"`
	Tags                form.Field[[]string]      `json:"tags"`
	BotPublic           form.Field[bool]          `json:"bot_public"`
	RequireCodeGrant    form.Field[bool]          `json:"bot_require_code_grant"`
	MaxParticipants     form.Field[*form.Int]     `json:"max_participants"`
	ContentFilter       form.Field[form.Int]      `json:"explicit_content_filter"`
	RedirectURIs        form.Field[[]string]      `json:"redirect_uris"`
	TermsOfService      form.Field[*string]       `json:"terms_of_service_url"`
	PrivacyPolicy       form.Field[*string]       `json:"privacy_policy_url"`
	CustomInstall       form.Field[*string]       `json:"custom_install_url"`
	RoleConnections     form.Field[*string]       `json:"role_connections_verification_url"`
	InstallParams       form.Field[*params]       `json:"install_params"`
	IntegrationTypes    form.Field[*integrations] `json:"integration_types_config"`
	EventWebhooksURL    form.Field[*string]       `json:"event_webhooks_url"`
	EventWebhooksStatus form.Field[form.Int]      `json:"event_webhooks_status"`
	EventWebhooksTypes  form.Field[[]string]      `json:"event_webhooks_types"`
	endpoint
}

// description is a text, or an object with the text as its default and translations, which are not kept.
type description string

// UnmarshalJSON reads either form.
func (d *description) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var object struct {
			Default string `json:"default"`
		}
		err := json.Unmarshal(b, &object)
		*d = description(object.Default)
		return err
	}
	return json.Unmarshal(b, (*string)(d))
}

func (s *settings) check() error {
	var p form.Problems
	if s.Name.Set {
		names.CheckBot(&p, "name", s.Name.Value)
	}
	p.Max("description", utf8.RuneCountInString(string(s.Description.Value)), maxDescription)
	p.Max("tags", len(s.Tags.Value), maxTags)
	for i, tag := range s.Tags.Value {
		p.Length(form.At("tags", i), tag, 1, maxTag)
		if slices.Contains(s.Tags.Value[:i], tag) {
			p.Add(form.At("tags", i), "BASE_TYPE_BAD_VALUE", fmt.Sprintf("%q is there twice.", tag))
		}
	}
	if n := s.MaxParticipants.Value; n != nil {
		p.Range("max_participants", int64(*n), -1, math.MaxInt32)
	}
	if s.ContentFilter.Set {
		form.OneOf(&p, "explicit_content_filter", s.ContentFilter.Value, 0, 1)
	}
	s.checkLinks(&p)
	s.checkInstalls(&p)
	s.checkEvents(&p)
	return p.Err()
}

// apply changes the application as the body asks. Flags that are not the owner's to set stay as they are.
func (s *settings) apply(ctx context.Context, tx *store.Tx, a *discord.Application) error {
	s.Name.Apply(&a.Name)
	if s.Description.Set {
		a.Description = string(s.Description.Value)
	}
	if err := images.Apply(ctx, tx, "icon", s.Icon, &a.Icon); err != nil {
		return err
	}
	if err := images.Apply(ctx, tx, "cover_image", s.CoverImage, &a.CoverImage); err != nil {
		return err
	}
	if s.Flags.Set {
		a.Flags = a.Flags&^ownFlags | int64(s.Flags.Value)&ownFlags
		a.FlagsNew = strconv.FormatInt(a.Flags, 10)
	}
	if s.MaxParticipants.Set {
		a.MaxParticipants = (*int)(nil)
		if n := s.MaxParticipants.Value; n != nil {
			most := int(*n)
			a.MaxParticipants = &most
		}
	}
	if s.ContentFilter.Set {
		a.ExplicitContentFilter = int(s.ContentFilter.Value)
	}
	s.Tags.Apply(&a.Tags)
	s.BotPublic.Apply(&a.BotPublic)
	s.RequireCodeGrant.Apply(&a.BotRequireCodeGrant)
	s.applyLinks(a)
	s.applyInstalls(a)
	s.applyEvents(a)
	return nil
}
