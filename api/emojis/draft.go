package emojis

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	minName, maxName = 2, 32
	// maxBytes is the size of a picture.
	// https://discord.com/developers/docs/resources/emoji#create-guild-emoji
	maxBytes = 256 << 10
)

// plainName: the name stands between colons in a message's text.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_]*$`)

// draft is the body of a request; an application's emojis have no roles.
type draft struct {
	Name  form.Field[string]          `json:"name"`
	Image string                      `json:"image"`
	Roles form.Field[*[]snowflake.ID] `json:"roles"`
}

func (d *draft) check(p *form.Problems) {
	if !d.Name.Set {
		return
	}
	p.Length("name", d.Name.Value, minName, maxName)
	if !plainName.MatchString(d.Name.Value) {
		p.Add("name", "STRING_TYPE_REGEX", "String value did not match validation regex.")
	}
}

// bindNew reads an emoji that is to be made, and its picture.
func bindNew(c *call.Call) (draft, store.Image, error) {
	var d draft
	if err := c.Bind(&d); err != nil {
		return d, store.Image{}, err
	}
	var p form.Problems
	d.check(&p)
	if !d.Name.Set {
		p.Required("name")
	}
	if d.Image == "" {
		p.Required("image")
	}
	if err := p.Err(); err != nil {
		return d, store.Image{}, err
	}
	picture, err := images.Parse("image", d.Image)
	if err == nil && len(picture.Bytes) > maxBytes {
		err = form.Single("image", "BINARY_TYPE_MAX_SIZE", fmt.Sprintf("File cannot be larger than %d kb.", maxBytes>>10))
	}
	return d, picture, err
}

// bindChange reads what is to change of an emoji.
func bindChange(c *call.Call) (draft, error) {
	var d draft
	if err := c.Bind(&d); err != nil {
		return d, err
	}
	var p form.Problems
	d.check(&p)
	return d, p.Err()
}

// roles are the roles that were sent, each of which the guild must have.
func (d *draft) roles(g *access.Guild) ([]snowflake.ID, error) {
	roles := []snowflake.ID{}
	if d.Roles.Value == nil {
		return roles, nil
	}
	for _, id := range *d.Roles.Value {
		switch {
		case id == 0 || slices.Contains(roles, id): // null, or again
		case g.Role(id) == nil:
			return nil, discord.ErrUnknownRole
		default:
			roles = append(roles, id)
		}
	}
	return roles, nil
}

// made is a new emoji of the caller.
func made(c *call.Call, tx *store.Tx, d draft, picture store.Image) (discord.Emoji, error) {
	user, err := tx.User(c.Request.Context(), c.Caller.UserID)
	return discord.Emoji{
		ID: tx.NewID(), Name: d.Name.Value, Roles: []snowflake.ID{}, User: &user,
		RequireColons: true, Animated: images.Animated(picture), Available: true,
	}, err
}

func taken(err error) error {
	if errors.Is(err, store.ErrTaken) {
		return form.Single("name", "APPLICATION_EMOJI_NAME_ALREADY_TAKEN", "An emoji with this name already exists.")
	}
	return unknown(err)
}
