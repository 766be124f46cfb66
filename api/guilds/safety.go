package guilds

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// change changes fields of a guild that have operations of their own, and records those of the keys that differ.
func (h *Handlers) change(c *call.Call, may func(*access.Visit) error, keys []string, set func(tx *store.Tx, g *discord.Guild) error) (after discord.Guild, err error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return after, err
	}
	ctx := c.Request.Context()
	err = h.access.ChangeIf(c, guild, may, func(tx *store.Tx, v *access.Visit) error {
		before := v.Guild.Guild
		after = before
		if err := set(tx, &after); err != nil {
			return err
		}
		if err := tx.UpdateGuild(ctx, after); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditGuildUpdate, guild, flat(before), flat(after), keys...)
		if err != nil || len(entry.Changes) == 0 {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	return after, err
}

// flat is a guild with what the audit log names beside its own keys.
func flat(g discord.Guild) any {
	var stopped discord.Incidents
	if g.IncidentsData != nil {
		stopped = *g.IncidentsData
	}
	return struct {
		discord.Guild
		discord.Incidents
	}{g, stopped}
}

func mayManage(v *access.Visit) error { return v.Need(permissions.ManageGuild) }

// maxStop is for how long joining or DMs can be stopped.
// https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
const maxStop = 24 * time.Hour

// incidents stops joining, or DMs between members, until some time.
// https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
func (h *Handlers) incidents(c *call.Call) error {
	var b struct {
		Invites form.Field[*discord.Timestamp] `json:"invites_disabled_until"`
		DMs     form.Field[*discord.Timestamp] `json:"dms_disabled_until"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	for key, until := range map[string]*discord.Timestamp{"invites_disabled_until": b.Invites.Value, "dms_disabled_until": b.DMs.Value} {
		if until != nil && until.After(time.Now().Add(maxStop)) {
			p.Add(key, "BASE_TYPE_BAD_VALUE", "Must not be more than 24 hours in the future.")
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	keys := []string{"invites_disabled_until", "dms_disabled_until"}
	var stopped discord.Incidents
	_, err := h.change(c, mayManage, keys, func(_ *store.Tx, g *discord.Guild) error {
		stopped = discord.Incidents{}
		if g.IncidentsData != nil {
			stopped = *g.IncidentsData
		}
		b.Invites.Apply(&stopped.InvitesDisabledUntil)
		b.DMs.Apply(&stopped.DMsDisabledUntil)
		g.IncidentsData = &stopped
		if stopped == (discord.Incidents{}) {
			g.IncidentsData = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.OK(stopped)
}

// mfa sets whether moderators need two factors. Only the owner may.
// https://docs.discord.food/resources/guild#modify-guild-mfa-level
func (h *Handlers) mfa(c *call.Call) error {
	var b struct {
		Level form.Field[form.Int] `json:"level"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	if !b.Level.Set {
		p.Required("level")
	} else {
		form.OneOf(&p, "level", b.Level.Value, 0, 1)
	}
	if err := p.Err(); err != nil {
		return err
	}
	level := int(b.Level.Value)
	_, err := h.change(c, mustOwn, []string{"mfa_level"}, func(tx *store.Tx, g *discord.Guild) error {
		if level == 1 {
			if err := needMFA(c.Request.Context(), tx, c.Caller.UserID); err != nil {
				return err
			}
		}
		g.MFALevel = level
		return nil
	})
	if err != nil {
		return err
	}
	return c.OK(struct {
		Level int `json:"level"`
	}{level})
}

// needMFA keeps an owner who has no second factor from asking for it of others.
func needMFA(ctx context.Context, tx *store.Tx, user snowflake.ID) error {
	self, err := tx.SelfUser(ctx, user)
	if err == nil && !self.MFAEnabled {
		return discord.ErrNeedsMFA
	}
	return err
}

// vanity tells the guild's own invite code.
// https://discord.com/developers/docs/resources/guild#get-guild-vanity-url
func (h *Handlers) vanity(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := mayManage(visit); err != nil {
		return err
	}
	uses, err := h.store.VanityUses(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	return c.OK(vanityURL{visit.Guild.Guild.VanityURLCode, uses})
}

type vanityURL struct {
	Code *string `json:"code"`
	Uses int     `json:"uses"`
}

// vanityCode is what a guild's own code looks like.
var vanityCode = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])$`)

// setVanity changes the guild's own invite code; null or nothing takes it away.
// https://docs.discord.food/resources/guild#modify-guild-vanity-url
func (h *Handlers) setVanity(c *call.Call) error {
	var b struct {
		Code form.Field[*string] `json:"code"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var code *string
	if b.Code.Value != nil && *b.Code.Value != "" {
		lower := strings.ToLower(*b.Code.Value)
		if code = &lower; !vanityCode.MatchString(lower) {
			return discord.ErrInvalidVanity
		}
	}
	after, err := h.change(c, mayManage, []string{"vanity_url_code"}, func(tx *store.Tx, g *discord.Guild) error {
		if (code == nil) == (g.VanityURLCode == nil) && (code == nil || *code == *g.VanityURLCode) {
			return nil
		}
		g.VanityURLCode = code
		return tx.ResetVanity(c.Request.Context(), g.ID, code)
	})
	if errors.Is(err, store.ErrTaken) {
		return discord.ErrInvalidVanity
	}
	if err != nil {
		return err
	}
	return c.OK(vanityURL{Code: after.VanityURLCode})
}
