package automod

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/automod/rules"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Bounds of one step: guilds, and members of each, which are judged under the guild's lock.
const (
	guildsAtOnce  = 100
	membersAtOnce = 25
)

// JudgeNames holds what members have come to be called, by joining or by another name, against the rules of their guilds and
// does what these say: a step of a job. A quarantine ends when the member is called something that no rule forbids.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types
func JudgeNames(ctx context.Context, s *store.Store) error {
	guilds, err := s.NameCheckGuilds(ctx, guildsAtOnce)
	if err != nil {
		return err
	}
	var failed error
	for _, guild := range guilds {
		failed = errors.Join(failed, judgeNames(ctx, s, guild))
	}
	return failed
}

func judgeNames(ctx context.Context, s *store.Store, guild snowflake.ID) error {
	err := s.Change(ctx, func(tx *store.Tx) error {
		g, err := access.Hold(ctx, tx, guild)
		if err != nil {
			return err
		}
		checks, err := tx.TakeNameChecks(ctx, guild, membersAtOnce)
		if err != nil {
			return err
		}
		for _, check := range checks {
			if err := judgeName(ctx, tx, g, check); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, discord.ErrUnknownGuild) {
		return s.DropNameChecks(ctx, guild)
	}
	return err
}

func judgeName(ctx context.Context, tx *store.Tx, g *access.Guild, check store.NameCheck) error {
	m, err := tx.Member(ctx, g.Guild.ID, check.User)
	if errors.Is(err, store.ErrNotFound) {
		return nil // has left
	}
	if err != nil {
		return err
	}
	v := named(g, m, check.Event)
	if m.Flags&discord.MemberQuarantinedName != 0 && !v.quarantines() {
		m.Flags &^= discord.MemberQuarantinedName
		if err := tx.UpdateMember(ctx, g.Guild.ID, m); err != nil {
			return err
		}
	}
	if v == nil || check.Event == "" {
		return nil // what the name asks for has been done
	}
	return v.act(ctx, tx)
}

// names are what a member is called, and in which way.
type names map[string]string

func namesOf(m discord.Member) (texts []string, by names) {
	by = names{}
	for _, name := range []struct {
		kind string
		text *string
	}{{"nickname", m.Nick}, {"display_name", m.User.GlobalName}, {"username", &m.User.Username}} {
		if name.text != nil && by[*name.text] == "" {
			by[*name.text] = name.kind
			texts = append(texts, *name.text)
		}
	}
	return texts, by
}

// named holds what a member is called against the rules of its guild; nil if it breaks none. Who may manage the guild is not
// judged.
func named(g *access.Guild, m discord.Member, event string) *Verdict {
	free := permissions.Member{User: m.User.ID, Roles: m.Roles} // of what keeps it from managing just now
	if g.Rules.Base(free, time.Now()).Has(permissions.ManageGuild) {
		return nil
	}
	texts, by := namesOf(m)
	hits := g.Filters().Check(&rules.Subject{Event: discord.AutoModOnMember, Roles: m.Roles, Texts: texts})
	if len(hits) == 0 {
		return nil
	}
	return &Verdict{guild: g.Guild.ID, names: by, event: event, user: *m.User, hits: hits}
}

// quarantines reports whether a rule that is broken takes a member's permissions.
func (v *Verdict) quarantines() bool {
	if v == nil {
		return false
	}
	for _, hit := range v.hits {
		for _, a := range hit.Rule.Actions {
			if a.Type == discord.AutoModQuarantine {
				return true
			}
		}
	}
	return false
}
