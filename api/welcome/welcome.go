// Package welcome serves how a guild receives who is new: the welcome screen before they join, the home and the onboarding
// after it, and the form that they have to fill in before they may talk, with the requests that come of it.
//
// What is set up are documents (store.Welcome), which are read and written whole under the guild's lock.
package welcome

import (
	"net/http"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves what welcomes.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		guild    = "/guilds/:guild_id"
		screen   = guild + "/welcome-screen"
		home     = guild + "/new-member-welcome"
		board    = guild + "/onboarding"
		answers  = guild + "/onboarding-responses"
		form     = guild + "/member-verification"
		requests = guild + "/requests"
	)
	reads, writes := call.Per(10, 10*time.Second), call.Per(5, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: screen, Limit: reads, Handle: h.screen},
		{Method: http.MethodPatch, Path: screen, Limit: writes, Handle: h.setScreen},
		{Method: http.MethodGet, Path: home, Limit: reads, Handle: h.home},
		{Method: http.MethodPatch, Path: home, Limit: writes, Handle: h.setHome},
		{Method: http.MethodGet, Path: board, Limit: reads, Handle: h.onboarding},
		{Method: http.MethodPut, Path: board, Limit: writes, Handle: h.setOnboarding},
		{Method: http.MethodPost, Path: answers, Access: call.UsersOnly, Limit: writes, Handle: h.respond},
		{Method: http.MethodPut, Path: answers, Access: call.UsersOnly, Limit: writes, Handle: h.respond},
		{Method: http.MethodGet, Path: form, Limit: reads, Handle: h.form},
		{Method: http.MethodPatch, Path: form, Limit: writes, Handle: h.setForm},
		{Method: http.MethodGet, Path: requests, Limit: reads, Handle: h.requests},
		{Method: http.MethodGet, Path: requests + "/@me", Access: call.UsersOnly, Limit: reads, Handle: h.ownRequest},
		{Method: http.MethodPut, Path: requests + "/@me", Access: call.UsersOnly, Limit: writes, Handle: h.request},
		{Method: http.MethodDelete, Path: requests + "/@me", Access: call.UsersOnly, Limit: writes, Handle: h.withdraw},
		{Method: http.MethodPatch, Path: requests + "/:request_id", Limit: writes, Handle: h.review},
	}
}

// enter returns the guild as the caller sees it, and how it welcomes.
func (h *Handlers) enter(c *call.Call) (*access.Visit, store.Welcome, error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return nil, store.Welcome{}, err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return nil, store.Welcome{}, err
	}
	w, err := h.store.Welcome(c.Request.Context(), guild)
	return visit, w, err
}

// change changes how the guild welcomes; features are turned on or off with it.
func (h *Handlers) change(c *call.Call, need permissions.Set, fn func(tx *store.Tx, v *access.Visit, w *store.Welcome) (features map[string]bool, err error)) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	return h.access.Change(c, guild, need, func(tx *store.Tx, v *access.Visit) error {
		w, err := tx.Welcome(ctx, guild)
		if err != nil {
			return err
		}
		features, err := fn(tx, v, &w)
		if err != nil {
			return err
		}
		if err := tx.SetWelcome(ctx, guild, w); err != nil {
			return err
		}
		g := v.Guild.Guild
		if g.Features = toggled(g.Features, features); slices.Equal(g.Features, v.Guild.Guild.Features) {
			return nil
		}
		return tx.UpdateGuild(ctx, g)
	})
}

// toggled is a list of features with some turned on or off.
func toggled(features []string, to map[string]bool) []string {
	now := slices.DeleteFunc(slices.Clone(features), func(f string) bool { on, set := to[f]; return set && !on })
	for feature, on := range to {
		if on && !slices.Contains(now, feature) {
			now = append(now, feature)
		}
	}
	slices.Sort(now)
	return now
}

func has(v *access.Visit, feature string) bool {
	return slices.Contains(v.Guild.Guild.Features, feature)
}

// emoji is an emoji as it is sent.
func emoji(id *snowflake.ID, name *string, animated bool) discord.SettingsEmoji {
	return discord.SettingsEmoji{ID: id, Name: name, Animated: animated}
}
