package users

import (
	"context"
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
	MutualFriends     *[]discord.User      `json:"mutual_friends,omitempty"`
	MutualFriendCount *int                 `json:"mutual_friends_count,omitempty"`
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

func profileOf(u discord.SelfUser) userProfile {
	return userProfile{Bio: u.Bio, AccentColor: u.AccentColor, Banner: u.Banner, Pronouns: u.Pronouns}
}

// profile needs a guild that both are in, or friendship, unless it is the caller's own.
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
		friends, err := h.store.AreFriends(ctx, c.Caller.UserID, []snowflake.ID{id})
		if err != nil {
			return err
		}
		if !friends {
			return discord.ErrMissingAccess
		}
	}
	answer := profile{
		User:        self.User,
		UserProfile: profileOf(self),
		Badges:      []struct{}{}, GuildBadges: []struct{}{}, ConnectedAccounts: []struct{}{},
	}
	if c.Query("with_mutual_guilds") == "" || c.QueryBool("with_mutual_guilds") {
		answer.MutualGuilds = &mutual
	}
	if err := h.addFriends(c, &answer); err != nil {
		return err
	}
	if inGuild {
		if err := h.addMember(c, &answer, mutual, guild); err != nil {
			return err
		}
	}
	return c.OK(answer)
}

// guildProfile is what a member says of itself in a guild.
func (h *Handlers) guildProfile(ctx context.Context, guild snowflake.ID, m discord.Member) (guildProfile, error) {
	said, err := h.store.MemberProfile(ctx, guild, m.User.ID)
	return guildProfile{GuildID: guild, Bio: said.Bio, Pronouns: said.Pronouns, Banner: m.Banner}, err
}

// addFriends tells which friends both have, or how many, if that is asked for.
func (h *Handlers) addFriends(c *call.Call, p *profile) error {
	all, number := c.QueryBool("with_mutual_friends"), c.QueryBool("with_mutual_friends_count")
	if !all && !number || p.User.ID == c.Caller.UserID {
		return nil
	}
	friends, err := h.store.MutualFriends(c.Request.Context(), c.Caller.UserID, p.User.ID)
	if err != nil {
		return err
	}
	if n := len(friends); number {
		p.MutualFriendCount = &n
	}
	if all {
		if friends == nil {
			friends = []discord.User{}
		}
		p.MutualFriends = &friends
	}
	return nil
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
		said, err := h.guildProfile(c.Request.Context(), guild, member)
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		p.GuildMember, p.GuildProfile = &member, &said
		return err
	}
	return discord.ErrUnknownMember
}
