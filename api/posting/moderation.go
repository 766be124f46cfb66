package posting

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Judge has send bring a message on its way unless the guild's rules block it, and does what the rules say. Poster.Send judges
// by itself.
func (p *Poster) Judge(ctx context.Context, room *access.Room, post *Post, send func() error) error {
	verdict := p.moderator.Judge(ctx, room, &post.Message, post.People[post.Author.ID].Member)
	if verdict == nil {
		return send()
	}
	err := verdict.Blocked()
	if err == nil {
		if err = send(); err != nil {
			return err
		}
	}
	if failed := p.moderator.Act(ctx, verdict); failed != nil {
		return failed
	}
	return err
}

// Edit applies an edit to a message in a change of its own, unless the guild's rules block what it would say. may decides who
// may do that, once the message is held.
func (p *Poster) Edit(ctx context.Context, room *access.Room, id snowflake.ID, e *Edit, may func(was discord.Message) error) error {
	var verdict *automod.Verdict
	e.judge = func(m *discord.Message, author *discord.Member) error {
		verdict = p.moderator.Judge(ctx, room, m, author)
		return verdict.Blocked()
	}
	err := p.store.Change(ctx, func(tx *store.Tx) error {
		was, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return UnknownMessage(err)
		}
		if err := may(was); err != nil {
			return err
		}
		return p.Rewrite(ctx, tx, room, was, e)
	})
	if err != nil && verdict.Blocked() == nil {
		return err
	}
	if failed := p.moderator.Act(ctx, verdict); failed != nil {
		return failed
	}
	return err
}
