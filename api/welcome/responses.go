package welcome

import (
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// respond takes the options that the caller has chosen: the roles of those given up go, those of the new ones come.
// https://docs.discord.food/resources/guild#create-guild-onboarding-responses
func (h *Handlers) respond(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b struct {
		Responses     form.Field[[]snowflake.ID] `json:"onboarding_responses"`
		PromptsSeen   map[string]int64           `json:"onboarding_prompts_seen"`
		ResponsesSeen map[string]int64           `json:"onboarding_responses_seen"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	ctx := c.Request.Context()
	chosen := append([]snowflake.ID{}, b.Responses.Value...)
	err = h.access.Change(c, guild, 0, func(tx *store.Tx, v *access.Visit) error {
		w, err := tx.Welcome(ctx, guild)
		if err != nil {
			return err
		}
		o := current(v, w)
		if !o.Enabled {
			return form.Single("onboarding_responses", "BASE_TYPE_BAD_VALUE", "The guild has no onboarding now.")
		}
		if err := checkChoice(o, chosen); err != nil {
			return err
		}
		before, err := tx.SetOnboardingResponses(ctx, guild, c.Caller.UserID, chosen)
		if err != nil {
			return err
		}
		m, err := tx.Member(ctx, guild, c.Caller.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownMember
		}
		if err != nil {
			return err
		}
		old, now := rolesOf(v, o, before), rolesOf(v, o, chosen)
		m.Roles = slices.DeleteFunc(slices.Clone(m.Roles), func(r snowflake.ID) bool {
			return slices.Contains(old, r) && !slices.Contains(now, r)
		})
		for _, r := range now {
			if !slices.Contains(m.Roles, r) {
				m.Roles = append(m.Roles, r)
			}
		}
		m.Flags |= discord.MemberStartedOnboarding
		if answered(o, chosen) {
			m.Flags |= discord.MemberCompletedOnboarding
		}
		return tx.UpdateMember(ctx, guild, m)
	})
	if err != nil {
		return err
	}
	return c.OK(struct {
		GuildID       snowflake.ID     `json:"guild_id"`
		UserID        snowflake.ID     `json:"user_id"`
		Responses     []snowflake.ID   `json:"onboarding_responses"`
		PromptsSeen   map[string]int64 `json:"onboarding_prompts_seen"`
		ResponsesSeen map[string]int64 `json:"onboarding_responses_seen"`
	}{guild, c.Caller.UserID, chosen, b.PromptsSeen, b.ResponsesSeen})
}

// checkChoice makes sure that the options exist, and that there is one of each prompt that allows no more.
func checkChoice(o discord.Onboarding, chosen []snowflake.ID) error {
	var p form.Problems
	exists := map[snowflake.ID]bool{}
	for _, prompt := range o.Prompts {
		n := 0
		for _, option := range prompt.Options {
			exists[option.ID] = true
			if slices.Contains(chosen, option.ID) {
				n++
			}
		}
		if prompt.SingleSelect && n > 1 {
			p.Add("onboarding_responses", "BASE_TYPE_BAD_VALUE", "Only one option of the prompt can be chosen.")
		}
	}
	for i, id := range chosen {
		if !exists[id] {
			p.Add(form.At("onboarding_responses", i), "BASE_TYPE_BAD_VALUE", "There is no such option.")
		}
	}
	return p.Err()
}

// answered reports whether every prompt that has to be is answered.
func answered(o discord.Onboarding, chosen []snowflake.ID) bool {
	for _, prompt := range o.Prompts {
		if prompt.Required && !slices.ContainsFunc(prompt.Options, func(option discord.OnboardingOption) bool {
			return slices.Contains(chosen, option.ID)
		}) {
			return false
		}
	}
	return true
}

// rolesOf are the roles of the guild that options give.
func rolesOf(v *access.Visit, o discord.Onboarding, chosen []snowflake.ID) (roles []snowflake.ID) {
	for _, prompt := range o.Prompts {
		for _, option := range prompt.Options {
			if !slices.Contains(chosen, option.ID) {
				continue
			}
			for _, id := range option.RoleIDs {
				if role := v.Guild.Role(id); role != nil && !role.Managed {
					roles = append(roles, id)
				}
			}
		}
	}
	return roles
}
