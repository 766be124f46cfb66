package oauth2

import (
	"context"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxNick      = 32
	maxJoinRoles = 250
)

// joining is a user whom a bot brings into a guild.
type joining struct {
	AccessToken string                     `json:"access_token"`
	Nick        form.Field[*string]        `json:"nick"`
	Roles       form.Field[[]snowflake.ID] `json:"roles"`
	Mute        form.Field[bool]           `json:"mute"`
	Deaf        form.Field[bool]           `json:"deaf"`
}

func (j *joining) check() error {
	var p form.Problems
	if j.AccessToken == "" {
		p.Required("access_token")
	}
	if j.Nick.Value != nil {
		p.Length("nick", *j.Nick.Value, 0, maxNick)
	}
	p.Max("roles", len(j.Roles.Value), maxJoinRoles)
	return p.Err()
}

// may checks that the bot may bring in a user as the body says.
func (j *joining) may(v *access.Visit) error {
	need := permissions.CreateInstantInvite
	for _, field := range []struct {
		sent bool
		need permissions.Set
	}{
		{j.Nick.Value != nil, permissions.ManageNicknames},
		{len(j.Roles.Value) > 0, permissions.ManageRoles},
		{j.Mute.Value, permissions.MuteMembers},
		{j.Deaf.Value, permissions.DeafenMembers},
	} {
		if field.sent {
			need |= field.need
		}
	}
	if err := v.Need(need); err != nil {
		return err
	}
	for _, role := range j.Roles.Value {
		if err := members.MayGive(v, role); err != nil {
			return err
		}
	}
	return nil
}

// join makes a user a member who has allowed the bot's application to do so.
// https://discord.com/developers/docs/resources/guild#add-guild-member
func (h *Handlers) join(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	user, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var body joining
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := body.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	agreed, err := h.Delegated(ctx, body.AccessToken, c.Caller.ApplicationID, discord.ScopeGuildsJoin)
	if err != nil {
		return err
	}
	if agreed != user {
		return discord.ErrOAuth2Token
	}
	var joined *discord.Member
	err = h.Access.ChangeIf(c, guild, body.may, func(tx *store.Tx, v *access.Visit) (err error) {
		joined, err = body.join(ctx, tx, v, user)
		return err
	})
	if err != nil {
		return err
	}
	if joined == nil {
		return c.Done()
	}
	return c.Reply(http.StatusCreated, joined)
}

// join returns the new member, nil if the user is one already.
func (j *joining) join(ctx context.Context, tx *store.Tx, v *access.Visit, user snowflake.ID) (*discord.Member, error) {
	guild := v.Guild.Guild.ID
	if _, err := tx.Member(ctx, guild, user); !errors.Is(err, store.ErrNotFound) {
		return nil, err // nil for a member
	}
	if err := members.MayJoin(ctx, tx, guild, user); err != nil {
		return nil, err
	}
	by := v.Member.User
	m, err := tx.JoinAs(ctx, guild, user, store.Joining{Roles: members.Distinct(j.Roles.Value, guild), Source: discord.JoinByBot, Inviter: &by})
	if errors.Is(err, store.ErrFull) {
		return nil, discord.ErrTooManyMembers
	}
	if err != nil || !j.Nick.Set && !j.Mute.Value && !j.Deaf.Value {
		return &m, err
	}
	if j.Nick.Value != nil && *j.Nick.Value != "" {
		m.Nick = j.Nick.Value
	}
	m.Mute, m.Deaf = j.Mute.Value, j.Deaf.Value
	return &m, tx.UpdateMember(ctx, guild, m)
}
