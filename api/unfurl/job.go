package unfurl

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/links"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// atOnce is how many messages are taken, and looked up side by side.
	atOnce = 16
	// within is how long their links may take; they are taken again after it.
	within = time.Minute
	// maxEmbeds is how many embeds a message has, those included that it was sent with.
	maxEmbeds = 10
)

// Job adds embeds to the messages in the queue. It is a job of the worker.
type Job struct {
	store    *store.Store
	access   *access.Access
	unfurler *Unfurler
	log      *slog.Logger
}

// NewJob returns the job. Without an unfurler no link is looked up, and the queue is emptied.
func NewJob(s *store.Store, a *access.Access, u *Unfurler, log *slog.Logger) *Job {
	return &Job{store: s, access: a, unfurler: u, log: log}
}

// Step empties the queue.
func (j *Job) Step(ctx context.Context) error {
	for ctx.Err() == nil {
		taken, err := j.store.TakeUnfurls(ctx, atOnce, within)
		if err != nil || len(taken) == 0 {
			return err
		}
		var group errgroup.Group
		for _, u := range taken {
			group.Go(func() error {
				if err := j.unfurl(ctx, u); err != nil && ctx.Err() == nil {
					j.log.Warn("links not looked up", "message", u.Message, "error", err)
				}
				return nil // it is taken again
			})
		}
		_ = group.Wait()
	}
	return nil
}

// unfurl adds the embeds of one message.
func (j *Job) unfurl(ctx context.Context, u store.Unfurl) error {
	m, err := j.store.Message(ctx, u.Channel, u.Message, 0)
	if errors.Is(err, store.ErrNotFound) {
		return j.store.Change(ctx, func(tx *store.Tx) error { return tx.UnfurlDone(ctx, u) })
	}
	if err != nil {
		return err
	}
	room, err := j.room(ctx, m)
	if err != nil {
		return err
	}
	made := j.embeds(ctx, m)
	return j.store.Change(ctx, func(tx *store.Tx) error {
		was, err := tx.HoldMessage(ctx, u.Channel, u.Message)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return tx.UnfurlDone(ctx, u)
		case err != nil:
			return err
		case was.Content != m.Content || was.Flags != m.Flags:
			return nil // it has been queued again
		}
		if err := tx.UnfurlDone(ctx, u); err != nil {
			return err
		}
		now := was
		now.Embeds = join(was.Embeds, made)
		if reflect.DeepEqual(now.Embeds, was.Embeds) {
			return nil
		}
		if err := tx.UpdateMessage(ctx, was, now); err != nil {
			return err
		}
		return posting.Updated(ctx, tx, room, now)
	})
}

// room is where the message is.
func (j *Job) room(ctx context.Context, m discord.Message) (*access.Room, error) {
	guild, err := j.store.GuildOf(ctx, m.ChannelID)
	if err != nil {
		return nil, err
	}
	if guild != 0 {
		return j.access.Unattended(ctx, guild, m.ChannelID, permissions.ViewChannel)
	}
	channel, recipients, err := j.store.DirectChannel(ctx, m.ChannelID, m.Author.ID)
	if err != nil {
		return nil, err
	}
	return &access.Room{Channel: &channel, Recipients: recipients, Here: permissions.InDM}, nil
}

// embeds looks up the links of a message.
func (j *Job) embeds(ctx context.Context, m discord.Message) []discord.Embed {
	if j.unfurler == nil || m.Flags&discord.MessageFlagSuppressEmbeds != 0 {
		return nil
	}
	return j.unfurler.embeds(ctx, links.Find(m.Content))
}

// join puts the embeds of links after those that the message was sent with, in place of earlier ones of links.
func join(present, made []discord.Embed) []discord.Embed {
	all := []discord.Embed{}
	for _, e := range present {
		if !e.Generated() {
			all = append(all, e)
		}
	}
	for _, e := range made {
		sent := slices.ContainsFunc(all, func(other discord.Embed) bool { return other.URL == e.URL })
		if !sent && len(all) < maxEmbeds {
			all = append(all, e)
		}
	}
	return all
}
