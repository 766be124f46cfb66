// Package posting makes a message of what somebody sent and brings it on its way, whoever it is: a user or a bot (package
// messages), a webhook, the answer to an interaction.
//
//	Body.Read -> Draft -> Draft.Permit -> Poster.Compose -> Post -> Poster.Send
//
// A Body is checked as a whole and on its own; the Draft that comes of it is then resolved against the database by Compose:
// what it replies to or forwards, whom it mentions, and its files are kept. Send stores it with its MESSAGE_CREATE: in a guild together with others
// of that guild (store.CreateGuildMessage), in a DM as a change with one event for each recipient's log. An Edit is applied
// to a held message within a change. Every message that is returned passes the content gate (Conceal).
// https://discord.com/developers/docs/resources/message
package posting

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Poster composes and sends messages.
type Poster struct {
	store     *store.Store
	access    *access.Access
	files     *files.Files
	moderator *automod.Moderator // nil: no rules are applied
}

// New returns a poster.
func New(s *store.Store, a *access.Access, f *files.Files) *Poster {
	return &Poster{store: s, access: a, files: f}
}

// Moderated makes the poster hold what it sends against the rules of auto-moderation.
func (p *Poster) Moderated(by *automod.Moderator) *Poster {
	p.moderator = by
	return p
}

// Sender is who a message is from.
type Sender struct {
	// User is the account; 0 for a webhook.
	User snowflake.ID
	// Author is what a message of a webhook shows instead of an account: the webhook's id, and the name and picture that it
	// gave this message.
	Author *discord.User
	// Webhook is the webhook that sends, or the application that answers an interaction; nil for anybody else.
	Webhook *snowflake.ID
	// Application is whose answer to an interaction, or whose webhook, it is.
	Application *snowflake.ID
}

// As is the caller of a request as a sender.
func As(c call.Caller) Sender { return Sender{User: c.UserID} }

// id is what the author of the message has.
func (s Sender) id() snowflake.ID {
	if s.Author != nil {
		return s.Author.ID
	}
	return s.User
}

// Post is a message that is ready to be sent.
type Post struct {
	discord.Message
	// People are the author and whom the message mentions, as its guild sees them.
	People map[snowflake.ID]store.Person
	// Files are those that a new message has or forwards, or that an edit adds; Dropped those that an edit takes away.
	Files, Dropped []snowflake.ID
}

// Compose makes the message of a draft. A reply mentions the author whom it answers, if the sender has nothing against it.
// What the sender may mention, reply to and forward is decided by the room and the caller.
func (p *Poster) Compose(c *call.Call, room *access.Room, from Sender, d *Draft) (*Post, error) {
	if err := d.checkVoice(); err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	id := p.store.NewID()
	m := discord.Message{
		ID: id, ChannelID: room.Channel.ID, Type: discord.MessageDefault, Timestamp: discord.At(id.Time()),
		Content: d.Content, Embeds: d.Embeds, Components: d.Components, Attachments: []discord.Attachment{},
		Nonce: d.Nonce, Flags: d.Flags, TTS: d.TTS, WebhookID: from.Webhook, ApplicationID: from.Application,
	}
	m.Poll = d.Poll.asked(id.Time())
	err := p.nameEmojis(ctx, c.Caller, room, from, m.Poll)
	if err != nil {
		return nil, err
	}
	if m.StickerItems, err = p.stickers(ctx, room, from.User, d.Stickers); err != nil {
		return nil, err
	}
	if room.Thread != nil {
		m.Position = &room.Thread.TotalMessageSent
	}
	had, err := p.resolve(c, room, d.Reference, &m)
	if err != nil {
		return nil, err
	}
	received, err := p.receive(ctx, room.Channel.ID, from.id(), d.Files, d.Flags&discord.MessageFlagVoice != 0)
	if err != nil {
		return nil, err
	}
	var problems form.Problems
	p.files.CheckLinks(&problems, &m)
	show(&problems, &m, received, p.store.NewID)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	m.Unfurl = unfurls(room, &m)
	found := mentionsOf(room, said(&m), d.Allowed)
	m.MentionRoles, m.MentionEveryone = found.roles, found.everyone
	users := withAnswered(&m, from.id(), found.users, d.Allowed.pings())
	people, err := p.store.People(ctx, guildOf(room), withAuthor(from.id(), users))
	if err != nil {
		return nil, err
	}
	if from.Author != nil {
		people[from.id()] = store.Person{User: *from.Author}
	}
	author, known := people[from.id()]
	if !known {
		return nil, discord.ErrUnknownUser
	}
	m.Author, m.Mentions = author.User, mentionsFrom(people, users)
	return &Post{Message: m, People: people, Files: append(had, idsOf(received)...)}, nil
}

// Send commits a message with its MESSAGE_CREATE and returns it; if its nonce is enforced, it may be the earlier one that the
// nonce stands for. A message that the guild's rules block is not sent.
func (p *Poster) Send(ctx context.Context, room *access.Room, post *Post, enforced bool) (sent discord.Message, err error) {
	sent = post.Message
	err = p.Judge(ctx, room, post, func() error {
		sent, err = p.send(ctx, room, post, enforced)
		return err
	})
	return sent, err
}

func (p *Poster) send(ctx context.Context, room *access.Room, post *Post, enforced bool) (discord.Message, error) {
	if err := p.Enter(ctx, room, post); err != nil {
		return discord.Message{}, err
	}
	if !room.Direct() && !enforced {
		head, event := Dispatch(room, discord.EventMessageCreate, post.Message, post.People)
		err := p.store.CreateGuildMessage(ctx, head.Guild, post.Message, head, event, post.Files...)
		if errors.Is(err, store.ErrNotFound) { // the guild has gone meanwhile
			err = discord.ErrUnknownChannel
		}
		return post.Message, err
	}
	sent := post.Message
	err := p.store.Change(ctx, func(tx *store.Tx) error {
		sent = post.Message
		if enforced {
			earlier, err := tx.MessageByNonce(ctx, sent.ChannelID, sent.Author.ID, sent.Nonce)
			if !errors.Is(err, store.ErrNotFound) {
				sent = earlier
				return err
			}
		}
		return Insert(ctx, tx, room, post)
	})
	return sent, err
}

// Insert stores a message with its MESSAGE_CREATE within a change that has other effects too.
func Insert(ctx context.Context, tx *store.Tx, room *access.Room, post *Post) error {
	if err := tx.InsertMessage(ctx, room.GuildID(), post.Message, post.Files...); err != nil {
		return err
	}
	if room.Direct() {
		if err := tx.ReopenDirect(ctx, post.ChannelID); err != nil {
			return err
		}
	}
	head, event := Dispatch(room, discord.EventMessageCreate, post.Message, post.People)
	return room.Emit(tx, head, event)
}

// Readable returns the message of a room if the caller may read it; viewer is whose own reactions are marked.
func (p *Poster) Readable(ctx context.Context, room *access.Room, id, viewer snowflake.ID) (discord.Message, error) {
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return discord.Message{}, err
	}
	m, err := p.store.Message(ctx, room.Channel.ID, id, viewer)
	return m, UnknownMessage(err)
}

// UnknownMessage turns the store's ErrNotFound of a message into the API's error.
func UnknownMessage(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownMessage
	}
	return err
}
