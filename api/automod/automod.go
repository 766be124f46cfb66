// Package automod keeps the rules of auto-moderation and does what they say.
//
// A rule is checked as a whole and stored under the guild's lock (body.go, write.go); its event moves the guild's permission
// version, so that every api pod loads the guild with its new rules. Who posts a message asks the Moderator, which has the
// guild's rules, compiled, at hand (package rules), and needs no query unless one is broken. Then it does what the rule says,
// in a change of its own (act.go). What members come to be called is judged by the worker, a moment later (names.go).
// https://discord.com/developers/docs/resources/auto-moderation
package automod

import (
	"net/http"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Handlers serves the rules.
type Handlers struct{ access *access.Access }

// New returns the handlers.
func New(a *access.Access) *Handlers { return &Handlers{access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/guilds/:guild_id/auto-moderation/rules"
		one = all + "/:rule_id"
	)
	reads, writes := call.Per(10, 5*time.Second), call.Per(5, 5*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
	}
}

// rules are those of the guild of the path, if the caller may see them.
func (h *Handlers) rules(c *call.Call) ([]discord.AutoModRule, error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return nil, err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return nil, err
	}
	return visit.Guild.AutoMod, visit.Need(permissions.ManageGuild)
}

// list returns all rules.
// https://discord.com/developers/docs/resources/auto-moderation#list-auto-moderation-rules-for-guild
func (h *Handlers) list(c *call.Call) error {
	list, err := h.rules(c)
	if err != nil {
		return err
	}
	return c.OK(list)
}

// get returns one rule.
// https://discord.com/developers/docs/resources/auto-moderation#get-auto-moderation-rule
func (h *Handlers) get(c *call.Call) error {
	list, err := h.rules(c)
	if err != nil {
		return err
	}
	rule, err := ruleOf(c, list)
	if err != nil {
		return err
	}
	return c.OK(rule)
}

// ruleOf returns the rule of the path from among a guild's.
func ruleOf(c *call.Call, list []discord.AutoModRule) (rule discord.AutoModRule, err error) {
	id, err := c.ID("rule_id", discord.ErrNotFound)
	if err != nil {
		return rule, err
	}
	return pick(list, id)
}

func pick(list []discord.AutoModRule, id snowflake.ID) (rule discord.AutoModRule, err error) {
	at := slices.IndexFunc(list, func(r discord.AutoModRule) bool { return r.ID == id })
	if at < 0 {
		return rule, discord.ErrNotFound
	}
	return list[at], nil
}
