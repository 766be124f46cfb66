package applications

import (
	"context"
	"encoding/json"
	"fmt"
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
	Name        form.Field[string]      `json:"name"`
	Description form.Field[description] `json:"description"`
	Icon        form.Field[*string]     `json:"icon"`
	Flags       form.Field[form.Int]    `json:"flags"`
	Tags        form.Field[[]string]    `json:"tags"`
	BotPublic   form.Field[bool]        `json:"bot_public"`
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
	if s.Flags.Set {
		a.Flags = a.Flags&^ownFlags | int64(s.Flags.Value)&ownFlags
		a.FlagsNew = strconv.FormatInt(a.Flags, 10)
	}
	s.Tags.Apply(&a.Tags)
	s.BotPublic.Apply(&a.BotPublic)
	return nil
}
