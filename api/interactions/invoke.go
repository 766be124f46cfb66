package interactions

import (
	"encoding/json"
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// invocation is what a person's client sends. Discord does not document it.
type invocation struct {
	Type          discord.InteractionType `json:"type"`
	ApplicationID snowflake.ID            `json:"application_id"`
	GuildID       *snowflake.ID           `json:"guild_id"`
	ChannelID     snowflake.ID            `json:"channel_id"`
	MessageID     *snowflake.ID           `json:"message_id"`
	SessionID     string                  `json:"session_id"`
	Nonce         nonce                   `json:"nonce"`
	Data          json.RawMessage         `json:"data"`
}

// nonce is a text or number that the client recognizes its interaction by.
type nonce struct{ text *string }

// UnmarshalJSON takes either.
func (n *nonce) UnmarshalJSON(b []byte) error {
	var text string
	if json.Unmarshal(b, &text) != nil {
		text = string(b)
	}
	if text != "null" {
		n.text = &text
	}
	return nil
}

const (
	maxNonce   = 25
	maxSession = 256
)

// scene is an interaction in the making: who does what with which application, where.
type scene struct {
	*call.Call
	room    *access.Room
	app     discord.Application
	in      store.Installation
	context int
	user    discord.User
	member  *discord.Member // in a guild
	appHere permissions.Set // what the application may do in the channel

	details store.InteractionDetails
	payload discord.Interaction
	found   named // whom and what the user named
	files   uploads
}

// invoke takes what a user does with an application and brings it there.
func (h *Handlers) invoke(c *call.Call) error {
	var sent invocation
	if err := c.Bind(&sent); err != nil {
		return err
	}
	if err := sent.check(); err != nil {
		return err
	}
	s, err := h.scene(c, &sent)
	if err != nil {
		return err
	}
	switch sent.Type {
	case discord.InteractionCommand, discord.InteractionAutocomplete:
		err = h.command(s, &sent)
	case discord.InteractionComponent:
		err = h.component(s, &sent)
	case discord.InteractionModal:
		err = h.submit(s, &sent)
	}
	if err != nil {
		return err
	}
	if err := h.begin(s, &sent); err != nil {
		return err
	}
	return c.Done()
}

func (sent *invocation) check() error {
	var p form.Problems
	form.OneOf(&p, "type", sent.Type, discord.InteractionCommand, discord.InteractionComponent,
		discord.InteractionAutocomplete, discord.InteractionModal)
	if sent.ApplicationID == 0 {
		p.Required("application_id")
	}
	if sent.ChannelID == 0 {
		p.Required("channel_id")
	}
	if len(sent.Data) == 0 {
		p.Required("data")
	}
	p.Max("session_id", len(sent.SessionID), maxSession)
	if sent.Nonce.text != nil {
		p.Length("nonce", *sent.Nonce.text, 0, maxNonce)
	}
	return p.Err()
}

// scene finds out where the user is, and whether the application is there.
func (h *Handlers) scene(c *call.Call, sent *invocation) (*scene, error) {
	ctx := c.Request.Context()
	room, err := h.access.Room(c, sent.ChannelID)
	if err != nil {
		return nil, err
	}
	if !room.Channel.Type.HasMessages() && sent.Type != discord.InteractionCommand {
		return nil, discord.ErrNotText
	}
	s := &scene{Call: c, room: room}
	s.app, err = h.store.Application(ctx, sent.ApplicationID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownApplication
	}
	if err != nil {
		return nil, err
	}
	var guild snowflake.ID
	if !room.Direct() {
		guild = room.Guild.Guild.ID
	}
	if s.in, err = h.store.Installation(ctx, s.app.ID, guild, c.Caller.UserID); err != nil {
		return nil, err
	}
	people := []snowflake.ID{c.Caller.UserID}
	if s.app.Bot != nil {
		people = append(people, s.app.Bot.ID)
	}
	known, err := h.store.People(ctx, guild, people)
	if err != nil {
		return nil, err
	}
	person := known[c.Caller.UserID]
	s.user, s.member = person.User, person.Member
	s.place()
	if s.app.Bot != nil && s.in.InGuild {
		s.appHere = s.botPermissions(known[s.app.Bot.ID].Member)
	}
	if len(s.payload.Owners) == 0 {
		return nil, discord.ErrUnknownApplication // it is not here
	}
	// What the application answers with are files of its own.
	if s.payload.AttachmentSizeLimit, err = h.store.Limit(ctx, store.LimitFileSize, s.app.ID); err != nil {
		return nil, err
	}
	s.describe()
	return s, nil
}

// place says in which context the interaction is, and by whose installation.
func (s *scene) place() {
	owners := map[string]snowflake.ID{}
	switch {
	case !s.room.Direct():
		s.context = discord.ContextGuild
		if s.in.InGuild {
			owners["0"] = s.room.Guild.Guild.ID
		}
	case s.app.Bot != nil && slices.Contains(s.room.Recipients, s.app.Bot.ID):
		s.context, s.appHere = discord.ContextBotDM, permissions.AppInDM
		owners["0"] = 0
	default:
		s.context, s.appHere = discord.ContextPrivate, permissions.AppInDM
	}
	if s.in.ByUser {
		owners["1"] = s.Caller.UserID
		if !s.in.InGuild && s.context == discord.ContextGuild {
			s.appHere = s.room.Here & (permissions.AppInDM | permissions.UseExternalEmojis)
			s.details.UserInstalled = true
			s.details.Hidden = !s.room.Here.Has(permissions.UseExternalApps)
		}
	}
	s.payload.Owners = owners
}

// botPermissions is what the application's bot may do in the channel.
func (s *scene) botPermissions(bot *discord.Member) permissions.Set {
	if bot == nil || s.room.Direct() {
		return s.appHere
	}
	rules := permissions.Member{User: s.app.Bot.ID, Roles: bot.Roles}
	if until := bot.CommunicationDisabledUntil; until != nil {
		rules.TimedOutUntil = until.Time
	}
	return s.room.Guild.PermissionsIn(rules, s.permissionChannel())
}

// permissionChannel is the channel whose overwrites count: of a thread its parent.
func (s *scene) permissionChannel() snowflake.ID {
	if s.room.Parent != nil {
		return s.room.Parent.ID
	}
	return s.room.Channel.ID
}

// describe fills in what the application learns of the place and the user.
func (s *scene) describe() {
	p := &s.payload
	p.ApplicationID, p.Version, p.Entitlements = s.app.ID, 1, []struct{}{}
	p.Channel, p.ChannelID, p.Context = s.room.Channel, &s.room.Channel.ID, &s.context
	p.AppPermissions, p.Locale = s.appHere, s.locale()
	if s.room.Direct() {
		p.User = &s.user
	} else {
		guild := &s.room.Guild.Guild
		p.GuildID, p.GuildLocale = &guild.ID, guild.PreferredLocale
		p.Guild = &discord.InteractionGuild{ID: guild.ID, Features: guild.Features, Locale: guild.PreferredLocale}
		member, here := *s.member, s.room.Here
		member.User, member.Permissions = &s.user, &here
		p.Member = &member
	}
	s.details.AppPermissions, s.details.Locale = s.appHere, p.Locale
	s.details.Metadata = discord.InteractionMetadata{User: s.user, Owners: p.Owners}
}

// locale is the language of the user's client.
func (s *scene) locale() string {
	if l := s.GetHeader("X-Discord-Locale"); slices.Contains(discord.Locales, l) {
		return l
	}
	return "en-US"
}

// begin notes the interaction and sends it to the application.
func (h *Handlers) begin(s *scene, sent *invocation) error {
	id := h.store.NewID()
	token, hash := newToken(id)
	p := &s.payload
	p.ID, p.Type, p.Token = id, sent.Type, token
	s.details.Metadata.ID, s.details.Metadata.Type = id, sent.Type
	i := store.Interaction{
		ID: id, ApplicationID: s.app.ID, TokenHash: hash, Type: sent.Type, UserID: s.user.ID, GuildID: p.GuildID,
		ChannelID: sent.ChannelID, SessionID: sent.SessionID, Nonce: sent.Nonce.text, Details: s.details,
	}
	ctx := s.Request.Context()
	if err := h.store.CreateInteraction(ctx, i); err != nil {
		return err
	}
	if sent.Type != discord.InteractionAutocomplete {
		h.notify(ctx, s.Logger, i, discord.EventInteractionCreate, discord.InteractionNotice{ID: id, Nonce: i.Nonce})
	}
	return h.deliver(s, i)
}
