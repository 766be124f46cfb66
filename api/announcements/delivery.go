package announcements

import (
	"context"
	"errors"
	"log/slog"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// deliveries is how many copies are read from the queue at once.
const deliveries = 64

// deletedSource is what a copy says when its source is gone.
const deletedSource = "[Original Message Deleted]"

// Delivery brings copies into the channels that follow, and up to date. It is a job of the worker: each copy is a change of
// its own, which may be tried again.
type Delivery struct {
	store  *store.Store
	access *access.Access
	log    *slog.Logger
}

// NewDelivery returns the job.
func NewDelivery(s *store.Store, a *access.Access, log *slog.Logger) *Delivery {
	return &Delivery{store: s, access: a, log: log}
}

// Step delivers all that is due.
func (d *Delivery) Step(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := d.store.DueCrossposts(ctx, deliveries)
		if err != nil || len(due) == 0 {
			return err
		}
		for _, c := range due {
			if err := d.deliver(ctx, c); err != nil {
				if err := d.putOff(ctx, c, err); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (d *Delivery) putOff(ctx context.Context, c store.Crosspost, why error) error {
	if err := ctx.Err(); err != nil {
		return err // the process stops; nothing is wrong with this one
	}
	dropped, err := d.store.CrosspostFailed(ctx, c)
	if errors.Is(err, store.ErrNotFound) {
		return nil // nobody follows any more
	}
	d.log.Warn("crosspost not delivered", "message", c.Source, "webhook", c.Webhook, "dropped", dropped, "error", why)
	return err
}

// deliver makes the copy or brings it up to date.
func (d *Delivery) deliver(ctx context.Context, due store.Crosspost) error {
	w, err := d.store.Webhook(ctx, due.Webhook)
	if errors.Is(err, store.ErrNotFound) {
		return nil // the queue forgets it with the webhook
	}
	if err != nil {
		return err
	}
	return d.store.Change(ctx, func(tx *store.Tx) error {
		c, err := tx.HoldCrosspost(ctx, due.Source, due.Webhook)
		if errors.Is(err, store.ErrNotFound) {
			return nil // it was delivered meanwhile
		}
		if err != nil {
			return err
		}
		source, err := tx.Message(ctx, c.SourceChannel, c.Source)
		gone := errors.Is(err, store.ErrNotFound)
		switch {
		case err != nil && !gone:
			return err
		case c.Copy != nil:
			err = d.bringUp(ctx, tx, w, c, source, gone)
		case !gone:
			err = d.copy(ctx, tx, w, &c, source)
		}
		if err != nil {
			return err
		}
		return tx.CrosspostDone(ctx, c)
	})
}

// room is a channel of the follower's guild as its webhook sees it.
func (d *Delivery) room(ctx context.Context, w discord.Webhook, channel snowflake.ID) (*access.Room, error) {
	return d.access.Unattended(ctx, *w.GuildID, channel, permissions.ViewChannel|permissions.SendMessages|permissions.EmbedLinks)
}

// copied is what a copy takes over of its source. It mentions nobody.
func copied(to *discord.Message, source discord.Message) {
	const kept = discord.MessageFlagSuppressEmbeds | discord.MessageFlagComponentsV2
	to.Content, to.Embeds, to.Attachments, to.Components = source.Content, source.Embeds, source.Attachments, source.Components
	to.Flags = to.Flags&^kept | source.Flags&kept
	to.EditedTimestamp = source.EditedTimestamp
}

// copy makes the copy of a message.
func (d *Delivery) copy(ctx context.Context, tx *store.Tx, w discord.Webhook, c *store.Crosspost, source discord.Message) error {
	room, err := d.room(ctx, w, *w.ChannelID)
	if err != nil {
		return err
	}
	id := tx.NewID()
	m := discord.Message{
		ID: id, ChannelID: *w.ChannelID, Type: discord.MessageDefault, Timestamp: discord.At(id.Time()), Author: *webhooks.Author(w),
		WebhookID: &w.ID, Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Flags: discord.MessageFlagIsCrosspost,
		MessageReference: &discord.MessageReference{MessageID: &source.ID, ChannelID: source.ChannelID},
	}
	if w.SourceGuild != nil {
		m.MessageReference.GuildID = &w.SourceGuild.ID
	}
	copied(&m, source)
	m.EditedTimestamp = nil // of the source's edits before, the copy knows nothing
	c.Copy, c.CopyChannel = &m.ID, &m.ChannelID
	files, err := d.store.FilesOf(ctx, source.ID)
	if err != nil {
		return err
	}
	return posting.Insert(ctx, tx, room, &posting.Post{Message: m, Files: files})
}

// bringUp makes a copy as its source is now. One that has been deleted stays deleted.
func (d *Delivery) bringUp(ctx context.Context, tx *store.Tx, w discord.Webhook, c store.Crosspost, source discord.Message, gone bool) error {
	was, err := tx.HoldMessage(ctx, *c.CopyChannel, *c.Copy)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	room, err := d.room(ctx, w, *c.CopyChannel)
	if err != nil {
		return err
	}
	m := was
	if gone {
		m.Flags |= discord.MessageFlagSourceDeleted
		m.Content, m.Embeds = deletedSource, []discord.Embed{}
		m.Attachments, m.Components = []discord.Attachment{}, discord.EmptyList
		m.Flags &^= discord.MessageFlagComponentsV2
	} else {
		copied(&m, source)
		files, err := d.store.FilesOf(ctx, source.ID)
		if err != nil {
			return err
		}
		if err := tx.ChangeFiles(ctx, m, files, nil); err != nil {
			return err
		}
	}
	if err := tx.UpdateMessage(ctx, was, m); err != nil {
		return err
	}
	return posting.Updated(ctx, tx, room, m)
}
