package webhooks

import (
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	maxAvatarURL  = 2048
	maxThreadName = 100
	maxTags       = 5
)

// granted is what a webhook may do in its channel.
const granted = permissions.InDM | permissions.SendMessagesInThreads | permissions.CreatePublicThreads | permissions.BypassSlowmode

// message is what is sent to a webhook's URL.
// https://discord.com/developers/docs/resources/webhook#execute-webhook-jsonform-params
type message struct {
	posting.Body
	override
	ThreadName  *string        `json:"thread_name"`
	AppliedTags []snowflake.ID `json:"applied_tags"`
}

// override is what a message shows instead of the webhook's own name and picture.
type override struct {
	Username  *string `json:"username"`
	AvatarURL *string `json:"avatar_url"`
}

func (o *override) check(p *form.Problems) {
	if o.Username != nil && *o.Username != "" {
		name := checkName(p, "username", *o.Username)
		o.Username = &name
	}
	if o.AvatarURL != nil {
		p.Max("avatar_url", utf8.RuneCountInString(*o.AvatarURL), maxAvatarURL)
	}
}

// draft tells everything that is wrong with the message.
func (b *message) draft(c *call.Call, w discord.Webhook) (*posting.Draft, error) {
	b.MessageReference = nil // a webhook neither replies nor forwards
	if b.AllowedMentions == nil {
		b.AllowedMentions = usersOnly()
	}
	if drops(c, w) {
		b.Components = nil
	}
	var p form.Problems
	d := b.Draft(c, &p)
	if w.ApplicationID == nil {
		checkStatic(&p, d.Components)
	}
	b.check(&p)
	if b.ThreadName != nil {
		p.Length("thread_name", *b.ThreadName, 0, maxThreadName)
	}
	p.Max("applied_tags", len(b.AppliedTags), maxTags)
	return d, p.Err()
}

// usersOnly is whom a webhook mentions unless it says otherwise.
// https://discord.com/developers/docs/resources/message#allowed-mentions-object
func usersOnly() *posting.AllowedMentions { return &posting.AllowedMentions{Parse: []string{"users"}} }

// drops reports whether components are left out: of a webhook that is no application's, unless they are asked for.
// https://discord.com/developers/docs/resources/webhook#execute-webhook-query-string-params
func drops(c *call.Call, w discord.Webhook) bool {
	return w.ApplicationID == nil && !c.QueryBool("with_components")
}

// author is what the message shows as its sender.
func (h *Handlers) author(c *call.Call, w discord.Webhook, o override) *discord.User {
	author := Author(w)
	if o.Username != nil && *o.Username != "" {
		author.Username = *o.Username
	}
	if o.AvatarURL != nil && *o.AvatarURL != "" {
		if hash := h.avatars.hash(c.Request.Context(), c.Logger, *o.AvatarURL); hash != nil {
			author.Avatar = hash
		}
	}
	return author
}

// Author is a webhook as the author of its messages.
func Author(w discord.Webhook) *discord.User {
	return &discord.User{ID: w.ID, Username: w.Name, Avatar: w.Avatar, Discriminator: "0000", Bot: true}
}

// execute posts a message through a webhook.
// https://discord.com/developers/docs/resources/webhook#execute-webhook
func (h *Handlers) execute(c *call.Call) error {
	if h.interaction(c) {
		return h.followups.Create(c)
	}
	w, err := h.find(c)
	if err != nil {
		return err
	}
	var b message
	if err := c.Bind(&b); err != nil {
		return err
	}
	d, err := b.draft(c, w)
	if err != nil {
		return err
	}
	room, err := h.room(c, w)
	if err != nil {
		return err
	}
	sent, err := h.send(c, w, room, &b, d)
	if err != nil {
		return err
	}
	if c.QueryBool("wait") {
		return c.OK(sent)
	}
	return c.Done()
}

// compose makes the message for where it is to go.
func (h *Handlers) compose(c *call.Call, w discord.Webhook, room *access.Room, o override, d *posting.Draft) (*posting.Post, error) {
	sender := posting.Sender{Author: h.author(c, w, o), Webhook: &w.ID, Application: w.ApplicationID}
	return h.poster.Compose(c, room, sender, d)
}

// post sends what was sent to the webhook in any of the forms that there are.
func (h *Handlers) post(c *call.Call, w discord.Webhook, room *access.Room, o override, d *posting.Draft) (discord.Message, error) {
	if err := d.Permit(room); err != nil {
		return discord.Message{}, err
	}
	post, err := h.compose(c, w, room, o, d)
	if err != nil {
		return discord.Message{}, err
	}
	return h.poster.Send(c.Request.Context(), room, post, false)
}

// start makes a post in a forum, with the message as its first.
func (h *Handlers) start(c *call.Call, w discord.Webhook, forum *access.Room, b *message, d *posting.Draft) (discord.Message, error) {
	if err := d.Permit(forum); err != nil {
		return discord.Message{}, err
	}
	return threads.ForeignPost{
		Owner: w.ID, Name: *b.ThreadName, Tags: b.AppliedTags,
		Compose: func(inside *access.Room) (*posting.Post, error) { return h.compose(c, w, inside, b.override, d) },
	}.Start(c.Request.Context(), h.store, h.poster, forum)
}

// room is where the webhook posts: its channel, or the thread of it that the query names.
func (h *Handlers) room(c *call.Call, w discord.Webhook) (*access.Room, error) {
	ctx := c.Request.Context()
	thread, given, err := c.QueryID("thread_id")
	if err != nil {
		return nil, err
	}
	if !given {
		return h.access.Unattended(ctx, *w.GuildID, *w.ChannelID, granted)
	}
	room, err := h.access.Unattended(ctx, *w.GuildID, thread, granted)
	if err == nil && (room.Thread == nil || room.Parent.ID != *w.ChannelID) {
		err = discord.ErrUnknownChannel
	}
	return room, err
}

// send posts the message to the room; in a forum that makes a post.
func (h *Handlers) send(c *call.Call, w discord.Webhook, room *access.Room, b *message, d *posting.Draft) (discord.Message, error) {
	named := b.ThreadName != nil && *b.ThreadName != ""
	switch {
	case named && room.Thread != nil:
		return discord.Message{}, discord.ErrThreadTwice
	case named && room.Channel.Type.IsForum():
		return h.start(c, w, room, b, d)
	case named:
		return discord.Message{}, discord.ErrThreadOutOfForum
	case !room.Channel.Type.HasMessages():
		return discord.Message{}, discord.ErrForumNeedsThread
	}
	return h.post(c, w, room, b.override, d)
}
