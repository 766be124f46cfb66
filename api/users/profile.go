package users

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// profile is what user clients show when somebody is clicked. Bots have no use for it, and Discord does not document it.
type profile struct {
	User              discord.User         `json:"user"`
	UserProfile       userProfile          `json:"user_profile"`
	Badges            []struct{}           `json:"badges"`
	GuildBadges       []struct{}           `json:"guild_badges"`
	GuildMember       *discord.Member      `json:"guild_member,omitempty"`
	GuildProfile      *guildProfile        `json:"guild_member_profile,omitempty"`
	MutualGuilds      *[]store.MutualGuild `json:"mutual_guilds,omitempty"`
	ConnectedAccounts []struct{}           `json:"connected_accounts"`
	PremiumType       *int                 `json:"premium_type"`
	PremiumSince      *discord.Timestamp   `json:"premium_since"`
	PremiumGuildSince *discord.Timestamp   `json:"premium_guild_since"`
	LegacyUsername    *string              `json:"legacy_username"`
}

type userProfile struct {
	Bio         string  `json:"bio"`
	AccentColor *int    `json:"accent_color"`
	Banner      *string `json:"banner"`
	Pronouns    string  `json:"pronouns"`
}

type guildProfile struct {
	GuildID     snowflake.ID `json:"guild_id"`
	Bio         string       `json:"bio"`
	AccentColor *int         `json:"accent_color"`
	Banner      *string      `json:"banner"`
	Pronouns    string       `json:"pronouns"`
}

// profile needs a guild that both are in, unless it is the caller's own.
func (h *Handlers) profile(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	guild, inGuild, err := c.QueryID("guild_id")
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	self, err := h.store.SelfUser(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	mutual, err := h.store.MutualGuilds(ctx, c.Caller.UserID, id)
	if err != nil {
		return err
	}
	if len(mutual) == 0 && id != c.Caller.UserID {
		return discord.ErrMissingAccess
	}
	answer := profile{
		User:        self.User,
		UserProfile: userProfile{Bio: self.Bio, AccentColor: self.AccentColor, Banner: self.Banner},
		Badges:      []struct{}{}, GuildBadges: []struct{}{}, ConnectedAccounts: []struct{}{},
	}
	if c.Query("with_mutual_guilds") == "" || c.QueryBool("with_mutual_guilds") {
		answer.MutualGuilds = &mutual
	}
	if inGuild {
		if err := h.addMember(c, &answer, mutual, guild); err != nil {
			return err
		}
	}
	return c.OK(answer)
}

// addMember tells what the user is in a guild that both are in.
func (h *Handlers) addMember(c *call.Call, p *profile, mutual []store.MutualGuild, guild snowflake.ID) error {
	for _, m := range mutual {
		if m.ID != guild {
			continue
		}
		member, err := h.store.Member(c.Request.Context(), guild, p.User.ID)
		if errors.Is(err, store.ErrNotFound) {
			break // left this very moment
		}
		if err != nil {
			return err
		}
		p.GuildMember, p.GuildProfile = &member, &guildProfile{GuildID: guild, Banner: member.Banner}
		return nil
	}
	return discord.ErrUnknownMember
}
