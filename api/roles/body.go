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

// body is what both POST and PATCH take.
// https://discord.com/developers/docs/resources/guild#modify-guild-role-json-params
type body struct {
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

func (b *body) check() error {
	var p form.Problems
	if b.Name.Set {
		p.Length("name", b.Name.Value, 1, maxName)
	}
	p.Range("color", int64(b.Color.Value), 0, maxColor)
	p.Range("colors.primary_color", int64(b.Colors.Value.Primary.Value), 0, maxColor)
	checkColor(&p, "colors.secondary_color", b.Colors.Value.Secondary)
	checkColor(&p, "colors.tertiary_color", b.Colors.Value.Tertiary)
	if emoji := b.UnicodeEmoji.Value; emoji != nil {
		p.Length("unicode_emoji", *emoji, 1, maxEmoji)
		if b.Icon.Value != nil {
			p.Add("unicode_emoji", "BASE_TYPE_BAD_VALUE", "A role has either an icon or an emoji.")
		}
	}
	return p.Err()
}

func checkColor(p *form.Problems, path string, f form.Field[*form.Int]) {
	if f.Value != nil {
		p.Range(path, int64(*f.Value), 0, maxColor)
	}
}

// apply changes the role as the body asks.
func (b *body) apply(ctx context.Context, tx *store.Tx, r *discord.Role) error {
	b.Name.Apply(&r.Name)
	b.Permissions.Apply(&r.Permissions)
	b.Hoist.Apply(&r.Hoist)
	b.Mentionable.Apply(&r.Mentionable)
	if b.Color.Set {
		r.Colors.Primary = int(b.Color.Value)
	}
	if c := b.Colors; c.Set {
		if c.Value.Primary.Set {
			r.Colors.Primary = int(c.Value.Primary.Value)
		}
		applyColor(c.Value.Secondary, &r.Colors.Secondary)
		applyColor(c.Value.Tertiary, &r.Colors.Tertiary)
	}
	r.Color = r.Colors.Primary
	if err := images.Apply(ctx, tx, "icon", b.Icon, &r.Icon); err != nil {
		return err
	}
	b.UnicodeEmoji.Apply(&r.UnicodeEmoji)
	switch {
	case b.Icon.Value != nil:
		r.UnicodeEmoji = nil
	case b.UnicodeEmoji.Value != nil:
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
