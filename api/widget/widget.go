// Package widget serves what a guild shows of itself on other web sites: as JSON and as a picture, to anybody, if the guild
// has turned it on.
// https://discord.com/developers/docs/resources/guild#guild-widget-object
package widget

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Presences tells who in a guild is not offline.
type Presences interface {
	InGuild(ctx context.Context, guild snowflake.ID) (map[snowflake.ID]presence.Presence, error)
	Count(ctx context.Context, guild snowflake.ID) (int, error)
}

// Handlers serves widgets.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	presences Presences
	publicURL string
}

// New returns the handlers; publicURL is the base of links.
func New(s *store.Store, a *access.Access, presences Presences, publicURL string) *Handlers {
	return &Handlers{store: s, access: a, presences: presences, publicURL: publicURL}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const path = "/guilds/:guild_id/widget"
	limit := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: path, Limit: limit, Handle: h.settings},
		{Method: http.MethodPatch, Path: path, Limit: limit, Handle: h.update},
		{Method: http.MethodGet, Path: path + ".json", Access: call.Anyone, Limit: limit, Handle: h.json},
		{Method: http.MethodGet, Path: path + ".png", Access: call.Anyone, Limit: limit, Handle: h.png},
	}
}

func settingsOf(g discord.Guild) discord.WidgetSettings {
	return discord.WidgetSettings{Enabled: g.WidgetEnabled, ChannelID: g.WidgetChannelID}
}

// settings tells whether there is a widget.
// https://discord.com/developers/docs/resources/guild#get-guild-widget-settings
func (h *Handlers) settings(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := visit.Need(permissions.ManageGuild); err != nil {
		return err
	}
	return c.OK(settingsOf(visit.Guild.Guild))
}

// update turns the widget on or off, or changes where it invites to. With a channel it has an invite, which is made now.
// https://discord.com/developers/docs/resources/guild#modify-guild-widget
func (h *Handlers) update(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b struct {
		Enabled   form.Field[*form.Bool]    `json:"enabled"`
		ChannelID form.Field[*snowflake.ID] `json:"channel_id"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.Guild
	err = h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		after = v.Guild.Guild
		if b.Enabled.Value != nil {
			after.WidgetEnabled = bool(*b.Enabled.Value)
		}
		if b.ChannelID.Apply(&after.WidgetChannelID) && after.WidgetChannelID != nil {
			if ch := v.Guild.Channel(*after.WidgetChannelID); ch == nil || ch.Type == discord.ChannelCategory {
				return form.Single("channel_id", "BASE_TYPE_BAD_VALUE", "The guild has no such channel to invite to.")
			}
		}
		if after.WidgetEnabled && after.WidgetChannelID != nil {
			if err := invite(ctx, tx, after, c.Caller.UserID); err != nil {
				return err
			}
		}
		if err := tx.UpdateGuild(ctx, after); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditGuildUpdate, guild, v.Guild.Guild, after, "widget_enabled", "widget_channel_id")
		if err != nil || len(entry.Changes) == 0 {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(settingsOf(after))
}

// invite makes sure that there is an invite without end to the widget's channel.
func invite(ctx context.Context, tx *store.Tx, g discord.Guild, by snowflake.ID) error {
	asked := store.NewInvite{Guild: g.ID, Channel: *g.WidgetChannelID, Inviter: by}
	if _, err := tx.SimilarInvite(ctx, asked); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	_, err := tx.CreateInvite(ctx, asked)
	return err
}

// enabled returns the guild if it has a widget.
func (h *Handlers) enabled(c *call.Call) (*access.Guild, error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return nil, err
	}
	g, err := h.access.Guild(c, guild)
	if err == nil && !g.Guild.WidgetEnabled {
		err = discord.ErrWidgetDisabled
	}
	return g, err
}

// maxShown is how many members a widget shows.
const maxShown = 100

// json shows the guild: its voice channels that everybody sees, and who is there, without saying who they are.
// https://discord.com/developers/docs/resources/guild#get-guild-widget
func (h *Handlers) json(c *call.Call) error {
	g, err := h.enabled(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	w := discord.Widget{ID: g.Guild.ID, Name: g.Guild.Name, Channels: []discord.WidgetChannel{}, Members: []discord.WidgetMember{}}
	for _, ch := range g.Channels {
		if ch.Type == discord.ChannelVoice && g.PermissionsIn(permissions.Member{}, ch.ID).Has(permissions.ViewChannel|permissions.Connect) {
			w.Channels = append(w.Channels, discord.WidgetChannel{ID: ch.ID, Name: *ch.Name, Position: *ch.Position})
		}
	}
	if g.Guild.WidgetChannelID != nil {
		if w.InstantInvite, err = h.link(ctx, *g.Guild.WidgetChannelID); err != nil {
			return err
		}
	}
	present, err := h.presences.InGuild(ctx, g.Guild.ID)
	if err != nil {
		return err
	}
	w.PresenceCount = len(present)
	if w.Members, err = h.members(ctx, g.Guild.ID, present); err != nil {
		return err
	}
	return c.OK(w)
}

// link is the oldest invite to a channel that doesn't end, nil if there is none.
func (h *Handlers) link(ctx context.Context, channel snowflake.ID) (*string, error) {
	list, err := h.store.ChannelInvites(ctx, channel)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if *i.MaxAge == 0 && *i.MaxUses == 0 && !*i.Temporary && !i.Targeted && len(i.Roles) == 0 {
			url := h.publicURL + "/invite/" + i.Code
			return &url, nil
		}
	}
	return nil, nil
}

func (h *Handlers) members(ctx context.Context, guild snowflake.ID, present map[snowflake.ID]presence.Presence) ([]discord.WidgetMember, error) {
	ids := make([]snowflake.ID, 0, len(present))
	for id := range present {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	found, err := h.store.MembersOf(ctx, guild, ids[:min(len(ids), maxShown)])
	if err != nil {
		return nil, err
	}
	shown := make([]discord.WidgetMember, len(found))
	for i, m := range found {
		name := m.User.Username
		if m.Nick != nil {
			name = *m.Nick
		} else if m.User.GlobalName != nil {
			name = *m.User.GlobalName
		}
		shown[i] = discord.WidgetMember{
			ID: strconv.Itoa(i), Username: name, Discriminator: "0000", Status: string(present[m.User.ID].Status),
			AvatarURL: h.avatar(m.User), Activity: activity(present[m.User.ID].Activities),
		}
	}
	return shown, nil
}

// customStatus is the type of activity that only says something.
// https://discord.com/developers/docs/events/gateway-events#activity-object-activity-types
const customStatus = 4

// activity is the first thing that somebody does, nil if there is none.
func activity(list []json.RawMessage) *discord.WidgetActivity {
	for _, raw := range list {
		var a struct {
			Name string `json:"name"`
			Type int    `json:"type"`
		}
		if json.Unmarshal(raw, &a) == nil && a.Type != customStatus && a.Name != "" {
			return &discord.WidgetActivity{Name: a.Name}
		}
	}
	return nil
}

// avatars is how many default ones there are.
const avatars = 6

// avatar is where a user's picture is. It is served whatever id is in the path, so the path needn't say whose it is.
func (h *Handlers) avatar(u *discord.User) string {
	if u.Avatar == nil {
		return h.publicURL + "/embed/avatars/" + strconv.Itoa(int(u.ID>>22)%avatars) + ".png"
	}
	return h.publicURL + "/avatars/0/" + *u.Avatar + ".png"
}
