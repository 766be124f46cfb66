// Package templates serves guild templates: a guild's structure at one moment, of which others can make guilds like it.
// https://discord.com/developers/docs/resources/guild-template
package templates

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/http"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves templates.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all    = "/guilds/:guild_id/templates"
		one    = all + "/:code"
		byCode = "/guilds/templates/:code"
	)
	reads := call.Per(10, 10*time.Second)
	writes := call.Per(5, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: byCode, Access: call.Anyone, Limit: reads, Handle: h.get},
		{Method: http.MethodPost, Path: byCode, Access: call.UsersOnly, Limit: writes, Handle: h.use},
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodPut, Path: one, Limit: writes, Handle: h.sync},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
	}
}

const (
	maxName        = 100
	maxDescription = 120
)

// settings are what can be said of a template.
type settings struct {
	Name        form.Field[string]  `json:"name"`
	Description form.Field[*string] `json:"description"`
}

func (s *settings) check(required bool) error {
	var p form.Problems
	if s.Name.Value = strings.TrimSpace(s.Name.Value); s.Name.Set || required {
		p.Length("name", s.Name.Value, 1, maxName)
	}
	if s.Description.Value != nil {
		p.Length("description", *s.Description.Value, 0, maxDescription)
	}
	return p.Err()
}

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownTemplate
	}
	return err
}

func code(c *call.Call) (string, error) {
	code, ok := c.Text("code")
	if !ok {
		return "", discord.ErrUnknownTemplate
	}
	return code, nil
}

// get shows a template to anyone who has its code.
// https://discord.com/developers/docs/resources/guild-template#get-guild-template
func (h *Handlers) get(c *call.Call) error {
	code, err := code(c)
	if err != nil {
		return err
	}
	t, err := h.store.Template(c.Request.Context(), code)
	if err != nil {
		return known(err)
	}
	return c.OK(t)
}

// use makes a guild like the one of the template.
// https://docs.discord.food/resources/guild-template#create-guild-from-guild-template
func (h *Handlers) use(c *call.Call) error {
	code, err := code(c)
	if err != nil {
		return err
	}
	t, err := h.store.Template(c.Request.Context(), code)
	if err != nil {
		return known(err)
	}
	var b struct {
		Name form.Field[string]  `json:"name"`
		Icon form.Field[*string] `json:"icon"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	made, err := guilds.CreateLike(c, h.store, t.Source, b.Name.Value, b.Icon, func(tx *store.Tx) error {
		return tx.UseTemplate(c.Request.Context(), code)
	})
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made)
}

// list returns a guild's template, if it has one, and whether the guild is otherwise by now.
// https://discord.com/developers/docs/resources/guild-template#get-guild-templates
func (h *Handlers) list(c *call.Call) error {
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
	t, err := h.store.GuildTemplate(c.Request.Context(), guild)
	if errors.Is(err, store.ErrNotFound) {
		return c.OK([]discord.Template{})
	}
	if err != nil {
		return err
	}
	now, err := snapshot(visit.Guild.GuildSnapshot)
	if err != nil {
		return err
	}
	dirty := !bytes.Equal(now, t.Source)
	t.Dirty = &dirty
	return c.OK([]discord.Template{t})
}

// create makes the guild's template.
// https://discord.com/developers/docs/resources/guild-template#create-guild-template
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b settings
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(true); err != nil {
		return err
	}
	var made discord.Template
	err = h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		source, err := snapshot(v.Guild.GuildSnapshot)
		if err != nil {
			return err
		}
		made, err = tx.CreateTemplate(c.Request.Context(), discord.Template{
			Code: rand.Text(), SourceGuildID: guild, Name: b.Name.Value, Description: b.Description.Value,
			CreatorID: c.Caller.UserID, Source: source,
		})
		if errors.Is(err, store.ErrTaken) {
			return discord.ErrTemplateExists
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(made)
}

// change runs fn on the template that the path names, under the lock of its guild.
func (h *Handlers) change(c *call.Call, fn func(tx *store.Tx, v *access.Visit, t discord.Template) (discord.Template, error)) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	code, err := code(c)
	if err != nil {
		return err
	}
	var answer discord.Template
	err = h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		t, err := tx.Template(c.Request.Context(), code)
		if err != nil {
			return known(err)
		}
		if t.SourceGuildID != guild {
			return discord.ErrUnknownTemplate
		}
		answer, err = fn(tx, v, t)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(answer)
}

// sync takes the guild into the template as it is now.
// https://discord.com/developers/docs/resources/guild-template#sync-guild-template
func (h *Handlers) sync(c *call.Call) error {
	return h.change(c, func(tx *store.Tx, v *access.Visit, t discord.Template) (_ discord.Template, err error) {
		if t.Source, err = snapshot(v.Guild.GuildSnapshot); err != nil {
			return t, err
		}
		return tx.UpdateTemplate(c.Request.Context(), t)
	})
}

// update changes name and description.
// https://discord.com/developers/docs/resources/guild-template#modify-guild-template
func (h *Handlers) update(c *call.Call) error {
	var b settings
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(false); err != nil {
		return err
	}
	return h.change(c, func(tx *store.Tx, _ *access.Visit, t discord.Template) (discord.Template, error) {
		b.Name.Apply(&t.Name)
		b.Description.Apply(&t.Description)
		return tx.UpdateTemplate(c.Request.Context(), t)
	})
}

// remove deletes a template and shows it once more.
// https://discord.com/developers/docs/resources/guild-template#delete-guild-template
func (h *Handlers) remove(c *call.Call) error {
	return h.change(c, func(tx *store.Tx, _ *access.Visit, t discord.Template) (discord.Template, error) {
		return t, tx.DeleteTemplate(c.Request.Context(), t.Code)
	})
}
