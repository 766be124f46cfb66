package welcome

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxHomeMessage = 300
	maxHomeEntries = 7
	maxHomeTitle   = 60
	maxHomeText    = 200
)

// home returns what new members find, 204 if there is nothing.
// https://docs.discord.food/resources/guild#get-guild-new-member-welcome
func (h *Handlers) home(c *call.Call) error {
	visit, w, err := h.enter(c)
	if err != nil {
		return err
	}
	if w.NewMember == nil || !w.NewMember.Enabled && visit.Need(permissions.ManageGuild) != nil {
		return c.Done()
	}
	return c.OK(w.NewMember)
}

// homeEntry is an action or a resource as it is sent.
type homeEntry struct {
	ChannelID   snowflake.ID `json:"channel_id"`
	Type        form.Int     `json:"action_type"`
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Emoji       *struct {
		ID       *snowflake.ID `json:"id"`
		Name     *string       `json:"name"`
		Animated bool          `json:"animated"`
	} `json:"emoji"`
}

func (e homeEntry) check(p *form.Problems, path string, v *access.Visit) {
	checkChannel(p, form.At(path, "channel_id"), v, e.ChannelID)
	form.OneOf(p, form.At(path, "action_type"), e.Type, 0, 1)
	p.Length(form.At(path, "title"), e.Title, 1, maxHomeTitle)
	p.Length(form.At(path, "description"), e.Description, 0, maxHomeText)
}

func (e homeEntry) emoji() *discord.SettingsEmoji {
	if e.Emoji == nil {
		return nil
	}
	shown := emoji(e.Emoji.ID, e.Emoji.Name, e.Emoji.Animated)
	return &shown
}

// setHome changes what new members find.
// https://docs.discord.food/resources/guild#modify-guild-new-member-welcome
func (h *Handlers) setHome(c *call.Call) error {
	var b struct {
		Enabled form.Field[form.Bool] `json:"enabled"`
		Message form.Field[*struct {
			AuthorIDs []snowflake.ID `json:"author_ids"`
			Message   string         `json:"message"`
		}] `json:"welcome_message"`
		Actions   form.Field[[]homeEntry] `json:"new_member_actions"`
		Resources form.Field[[]homeEntry] `json:"resource_channels"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var after discord.NewMemberWelcome
	err := h.change(c, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit, w *store.Welcome) (map[string]bool, error) {
		guild, action := v.Guild.Guild.ID, discord.AuditHomeCreate
		after = discord.NewMemberWelcome{GuildID: guild, Actions: []discord.NewMemberAction{}, Resources: []discord.ResourceChannel{}}
		if w.NewMember != nil {
			after, action = *w.NewMember, discord.AuditHomeUpdate
		}
		var p form.Problems
		if b.Enabled.Set {
			after.Enabled = bool(b.Enabled.Value)
		}
		if b.Message.Set {
			after.Message = nil
			if m := b.Message.Value; m != nil {
				p.Length("welcome_message.message", m.Message, 0, maxHomeMessage)
				p.Max("welcome_message.author_ids", len(m.AuthorIDs), 1)
				after.Message = &discord.WelcomeMessage{AuthorIDs: append([]snowflake.ID{}, m.AuthorIDs...), Message: m.Message}
			}
		}
		if b.Actions.Set {
			p.Max("new_member_actions", len(b.Actions.Value), maxHomeEntries)
			after.Actions = []discord.NewMemberAction{}
			for i, e := range b.Actions.Value {
				e.check(&p, form.At("new_member_actions", i), v)
				after.Actions = append(after.Actions, discord.NewMemberAction{
					ChannelID: e.ChannelID, Type: int(e.Type), Title: e.Title, Description: e.Description, Emoji: e.emoji()})
			}
		}
		if b.Resources.Set {
			p.Max("resource_channels", len(b.Resources.Value), maxHomeEntries)
			after.Resources = []discord.ResourceChannel{}
			for i, e := range b.Resources.Value {
				e.check(&p, form.At("resource_channels", i), v)
				after.Resources = append(after.Resources, discord.ResourceChannel{
					ChannelID: e.ChannelID, Title: e.Title, Description: e.Description, Emoji: e.emoji()})
			}
		}
		if err := p.Err(); err != nil {
			return nil, err
		}
		entry, err := audit.Changed(c, action, guild, w.NewMember, after, "enabled", "welcome_message", "new_member_actions", "resource_channels")
		if err != nil {
			return nil, err
		}
		w.NewMember = &after
		return nil, tx.Audit(c.Request.Context(), guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}
