package roles

import (
	"context"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxName  = 100
	maxEmoji = 100
	maxColor = 0xffffff
)

// Settings are the fields of a role that can be given when it is made and changed later.
// https://discord.com/developers/docs/resources/guild#modify-guild-role-json-params
type Settings struct {
	Name         form.Field[string]          `json:"name"`
	Permissions  form.Field[permissions.Set] `json:"permissions"`
	Color        form.Field[form.Int]        `json:"color"`
	Colors       form.Field[colors]          `json:"colors"`
	Hoist        form.Field[bool]            `json:"hoist"`
	Mentionable  form.Field[bool]            `json:"mentionable"`
	Icon         form.Field[*string]         `json:"icon"`
	UnicodeEmoji form.Field[*string]         `json:"unicode_emoji"`
}

type colors struct {
	Primary   form.Field[form.Int]  `json:"primary_color"`
	Secondary form.Field[*form.Int] `json:"secondary_color"`
	Tertiary  form.Field[*form.Int] `json:"tertiary_color"`
}

// Check notes what is wrong with the fields, below a path.
func (s *Settings) Check(p *form.Problems, path string) {
	if s.Name.Set {
		p.Length(form.At(path, "name"), s.Name.Value, 1, maxName)
	}
	p.Range(form.At(path, "color"), int64(s.Color.Value), 0, maxColor)
	p.Range(form.At(path, "colors", "primary_color"), int64(s.Colors.Value.Primary.Value), 0, maxColor)
	checkColor(p, form.At(path, "colors", "secondary_color"), s.Colors.Value.Secondary)
	checkColor(p, form.At(path, "colors", "tertiary_color"), s.Colors.Value.Tertiary)
	if emoji := s.UnicodeEmoji.Value; emoji != nil {
		p.Length(form.At(path, "unicode_emoji"), *emoji, 1, maxEmoji)
		if s.Icon.Value != nil {
			p.Add(form.At(path, "unicode_emoji"), "BASE_TYPE_BAD_VALUE", "A role has either an icon or an emoji.")
		}
	}
}

func checkColor(p *form.Problems, path string, f form.Field[*form.Int]) {
	if f.Value != nil {
		p.Range(path, int64(*f.Value), 0, maxColor)
	}
}

// Apply sets the fields that were given; an icon is kept within the change.
func (s *Settings) Apply(ctx context.Context, tx *store.Tx, r *discord.Role) error {
	s.Name.Apply(&r.Name)
	s.Permissions.Apply(&r.Permissions)
	s.Hoist.Apply(&r.Hoist)
	s.Mentionable.Apply(&r.Mentionable)
	if s.Color.Set {
		r.Colors.Primary = int(s.Color.Value)
	}
	if c := s.Colors; c.Set {
		if c.Value.Primary.Set {
			r.Colors.Primary = int(c.Value.Primary.Value)
		}
		applyColor(c.Value.Secondary, &r.Colors.Secondary)
		applyColor(c.Value.Tertiary, &r.Colors.Tertiary)
	}
	r.Color = r.Colors.Primary
	if err := images.Apply(ctx, tx, "icon", s.Icon, &r.Icon); err != nil {
		return err
	}
	s.UnicodeEmoji.Apply(&r.UnicodeEmoji)
	switch {
	case s.Icon.Value != nil:
		r.UnicodeEmoji = nil
	case s.UnicodeEmoji.Value != nil:
		r.Icon = nil
	}
	return nil
}

func applyColor(f form.Field[*form.Int], to **int) {
	switch {
	case !f.Set:
	case f.Value == nil:
		*to = nil
	default:
		n := int(*f.Value)
		*to = &n
	}
}
