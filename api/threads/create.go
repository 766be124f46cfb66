package threads

import (
	"context"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// createFromMessage makes a thread of a message, which has the message's id.
// https://discord.com/developers/docs/resources/channel#start-thread-from-message
func (h *Handlers) createFromMessage(c *call.Call) error {
	room, err := h.parent(c)
	if err != nil {
		return err
	}
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return err
	}
	kind := discord.ChannelPublicThread
	switch {
	case room.Channel.Type.IsForum():
		return discord.ErrWrongChannelType
	case room.Channel.Type == discord.ChannelAnnouncement:
		kind = discord.ChannelAnnouncementThread
	}
	var b creation
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	b.check(&p)
	if err := p.Err(); err != nil {
		return err
	}
	need := permissions.ToCreateThread(int(room.Channel.Type), false) | permissions.ReadMessageHistory
	made, err := h.titled(c, room, need, b.Name, func(ctx context.Context, tx *store.Tx, r *access.Room) (*store.Thread, error) {
		m, err := tx.HoldMessage(ctx, r.Channel.ID, id)
		if err != nil {
			return nil, posting.UnknownMessage(err)
		}
		if !m.Type.Written() && m.Type != discord.MessageChatCommand && m.Type != discord.MessageContextCommand { // what a command has answered can be talked about, too
			return nil, discord.ErrMessageType
		}
		t, err := h.insert(c, tx, b.thread(r, id, kind))
		if err != nil {
			return nil, err
		}
		return t, begin(ctx, tx, r, t, m)
	})
	if err != nil || made == nil {
		return err
	}
	return c.Reply(http.StatusCreated, made.Channel)
}

// body is what a thread without a message is made of, or, in a forum, a post.
type body struct {
	creation
	Type        *form.Int      `json:"type"`
	Invitable   *form.Bool     `json:"invitable"`
	AppliedTags []snowflake.ID `json:"applied_tags"`
	Message     *posting.Body  `json:"message"`
}

// kind is the thread's type: private unless something else is said.
// https://discord.com/developers/docs/resources/channel#start-thread-without-message-json-params
func (b *body) kind(p *form.Problems, parent discord.ChannelType) discord.ChannelType {
	kind := discord.ChannelPrivateThread
	if b.Type != nil {
		kind = discord.ChannelType(*b.Type)
	}
	if parent == discord.ChannelAnnouncement {
		if b.Type == nil {
			return discord.ChannelAnnouncementThread
		}
		form.OneOf(p, "type", kind, discord.ChannelAnnouncementThread)
		return kind
	}
	form.OneOf(p, "type", kind, discord.ChannelPublicThread, discord.ChannelPrivateThread)
	return kind
}

// create makes a thread without a message, or a post in a forum.
// https://discord.com/developers/docs/resources/channel#start-thread-without-message
func (h *Handlers) create(c *call.Call) error {
	room, err := h.parent(c)
	if err != nil {
		return err
	}
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	if room.Channel.Type.IsForum() {
		return h.createPost(c, room, &b)
	}
	var p form.Problems
	b.check(&p)
	kind := b.kind(&p, room.Channel.Type)
	if err := p.Err(); err != nil {
		return err
	}
	private := kind == discord.ChannelPrivateThread
	need := permissions.ToCreateThread(int(room.Channel.Type), private)
	made, err := h.titled(c, room, need, b.Name, func(ctx context.Context, tx *store.Tx, r *access.Room) (*store.Thread, error) {
		wanted := b.thread(r, tx.NewID(), kind)
		if private && b.Invitable != nil {
			invitable := bool(*b.Invitable)
			wanted.ThreadMetadata.Invitable = &invitable
		}
		t, err := h.insert(c, tx, wanted)
		if err != nil || private {
			return t, err
		}
		return t, announce(ctx, tx, r, t)
	})
	if err != nil || made == nil {
		return err
	}
	return c.Reply(http.StatusCreated, made.Channel)
}

// beginning makes a thread within a change of its channel.
type beginning func(ctx context.Context, tx *store.Tx, r *access.Room) (*store.Thread, error)

// titled is slowed for a thread whose title the guild's rules have yet to judge: that of a post is judged with its message.
func (h *Handlers) titled(c *call.Call, room *access.Room, need permissions.Set, title string, begin beginning) (made *store.Thread, err error) {
	if err := room.Need(need); err != nil {
		return nil, err
	}
	err = h.poster.JudgeTitle(c.Request.Context(), room, title, func() (err error) {
		if made, err = h.slowed(c, room, need, begin); err == nil && made == nil {
			return errNotYet
		}
		return err
	})
	if errors.Is(err, errNotYet) {
		return nil, nil
	}
	return made, err
}

// slowed makes a thread in a change of its channel, if it is the caller's turn: else it has answered, and there is none.
func (h *Handlers) slowed(c *call.Call, room *access.Room, need permissions.Set, begin beginning) (made *store.Thread, err error) {
	if err := room.Need(need); err != nil {
		return nil, err
	}
	wait, release := h.slow.Take(c, room, slowmode.Thread)
	if wait > 0 {
		return nil, slowmode.Refuse(c, wait)
	}
	err = h.access.ChangeIn(c, room.Channel.ID, need, func(tx *store.Tx, r *access.Room) (err error) {
		made, err = begin(c.Request.Context(), tx, r)
		return err
	})
	if err != nil {
		release()
		return nil, err
	}
	return made, nil
}

// insert makes the row, and records it.
func (h *Handlers) insert(c *call.Call, tx *store.Tx, wanted discord.Channel) (*store.Thread, error) {
	t, err := tx.CreateThread(c.Request.Context(), wanted)
	if err != nil {
		return nil, refused(err, wanted.Type)
	}
	entry, err := audit.Changed(c, discord.AuditThreadCreate, t.ID, nil, audited(t.Channel), auditedKeys...)
	if err != nil {
		return nil, err
	}
	return t, tx.Audit(c.Request.Context(), *t.GuildID, entry)
}
