package posting

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Judged runs fn, which hands what it would say to judge before it says it, and does then what the guild's rules say of that:
// whether they block it, which is the error that judge returns, or let it pass.
func (p *Poster) Judged(ctx context.Context, room *access.Room, fn func(judge func(*Post) error) error) error {
	var verdict *automod.Verdict
	err := fn(func(post *Post) error {
		verdict = p.moderator.Judge(ctx, room, &post.Message, post.People[post.Author.ID].Member)
		return verdict.Blocked()
	})
	return p.obey(ctx, verdict, err)
}

// obey does what a verdict says once what it is about has been blocked, or done. It returns the error of that.
func (p *Poster) obey(ctx context.Context, verdict *automod.Verdict, err error) error {
	if err != nil && verdict.Blocked() == nil {
		return err
	}
	if failed := p.moderator.Act(ctx, verdict); failed != nil {
		return failed
	}
	return err
}

// JudgeTitle lets give name a thread so unless the guild's rules block that, and does what the rules say. The visitor of
// the room, which is the thread or where it is to be, is judged.
func (p *Poster) JudgeTitle(ctx context.Context, room *access.Room, title string, give func() error) error {
	verdict, err := p.moderator.JudgeTitle(ctx, room, title)
	if err != nil {
		return err
	}
	if err = verdict.Blocked(); err == nil {
		err = give()
	}
	return p.obey(ctx, verdict, err)
}

// Judge has send bring a message on its way unless the guild's rules block it, and does what the rules say. Poster.Send judges
// by itself.
func (p *Poster) Judge(ctx context.Context, room *access.Room, post *Post, send func() error) error {
	return p.Judged(ctx, room, func(judge func(*Post) error) error {
		if err := judge(post); err != nil {
			return err
		}
		return send()
	})
}

// Edit applies an edit, whose files have been received, to a message in a change of its own and emits MESSAGE_UPDATE, unless the
// guild's rules block what it would say. may decides who may do that, once the message is held.
func (p *Poster) Edit(ctx context.Context, room *access.Room, id snowflake.ID, e *Edit, may func(was discord.Message) error) error {
	return p.Judged(ctx, room, func(judge func(*Post) error) error {
		return p.store.Change(ctx, func(tx *store.Tx) error {
			was, err := tx.HoldMessage(ctx, room.Channel.ID, id)
			if err != nil {
				return UnknownMessage(err)
			}
			if err := may(was); err != nil {
				return err
			}
			changed, err := p.Changed(ctx, tx, room, was, e)
			if err != nil {
				return err
			}
			if e.Says() {
				if err := judge(changed); err != nil {
					return err
				}
			}
			return Update(ctx, tx, room, was, changed)
		})
	})
}
