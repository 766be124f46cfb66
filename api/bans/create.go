package bans

import (
	"context"
	"errors"
	"time"

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
	maxDeleteSeconds = 604800 // a week
	maxDeleteDays    = 7
	maxBulk          = 200
)

// deletion says how much of what a user has said goes with the ban. Days are the older form.
type deletion struct {
	Seconds form.Field[*form.Int] `json:"delete_message_seconds"`
	Days    form.Field[*form.Int] `json:"delete_message_days"`
}

func (d deletion) check(p *form.Problems) {
	if d.Seconds.Value != nil {
		p.Range("delete_message_seconds", int64(*d.Seconds.Value), 0, maxDeleteSeconds)
	}
	if d.Days.Value != nil {
		p.Range("delete_message_days", int64(*d.Days.Value), 0, maxDeleteDays)
	}
}

// since is from when on messages go; zero: they stay.
func (d deletion) since() time.Time {
	var back time.Duration
	switch {
	case d.Seconds.Value != nil:
		back = time.Duration(*d.Seconds.Value) * time.Second
	case d.Days.Value != nil:
		back = time.Duration(*d.Days.Value) * 24 * time.Hour
	}
	if back == 0 {
		return time.Time{}
	}
	return time.Now().Add(-back)
}

// create bans a user, who need not be a member.
// https://discord.com/developers/docs/resources/guild#create-guild-ban
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	user, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var b deletion
	if err := c.Bind(&b); err != nil {
		return err
	}
	if b.Seconds.Value == nil && b.Days.Value == nil { // discordgo says it in the query, as version 9 takes it
		days, err := c.QueryInt("delete_message_days", 0, 0, maxDeleteDays)
		if err != nil {
			return err
		}
		value := form.Int(days)
		b.Days.Value = &value
	}
	var p form.Problems
	b.check(&p)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, permissions.BanMembers, func(tx *store.Tx, v *access.Visit) error {
		if err := mayBan(ctx, tx, v, user); err != nil {
			return err
		}
		_, err := ban(ctx, c, tx, guild, []snowflake.ID{user}, b.since())
		return err
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// mayBan checks that the user exists and, if a member, is outranked.
func mayBan(ctx context.Context, tx *store.Tx, v *access.Visit, user snowflake.ID) error {
	m, err := tx.Member(ctx, v.Guild.Guild.ID, user)
	if err == nil {
		if !v.Guild.Rules.OutranksMember(v.Member, access.MemberRules(m)) {
			return discord.ErrMissingPermissions
		}
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	exists, err := tx.Exists(ctx, user)
	if err == nil && !exists {
		return discord.ErrUnknownUser
	}
	return err
}

// ban bans the users who are not banned yet and returns them; each has an entry in the audit log.
func ban(ctx context.Context, c *call.Call, tx *store.Tx, guild snowflake.ID, users []snowflake.ID, since time.Time) ([]discord.User, error) {
	reason, err := c.Reason()
	if err != nil {
		return nil, err
	}
	banned, err := tx.CreateBans(ctx, store.NewBan{Guild: guild, By: c.Caller.UserID, Users: users, Reason: reason, Since: since})
	if err != nil {
		return nil, err
	}
	entries := make([]discord.AuditEntry, len(banned))
	for i, u := range banned {
		if entries[i], err = audit.Entry(c, discord.AuditMemberBanAdd, u.ID); err != nil {
			return nil, err
		}
	}
	return banned, tx.Audit(ctx, guild, entries...)
}

// createMany bans up to 200 users. Who outranks the caller, is banned already or does not exist is told as failed.
// https://discord.com/developers/docs/resources/guild#bulk-guild-ban
func (h *Handlers) createMany(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b struct {
		deletion
		UserIDs form.Field[[]snowflake.ID] `json:"user_ids"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	b.check(&p)
	if !b.UserIDs.Set || len(b.UserIDs.Value) == 0 {
		p.Required("user_ids")
	}
	p.Max("user_ids", len(b.UserIDs.Value), maxBulk)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var banned []discord.User
	err = h.access.Change(c, guild, permissions.BanMembers|permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		members, err := tx.MembersOf(ctx, guild, b.UserIDs.Value)
		if err != nil {
			return err
		}
		protected := map[snowflake.ID]bool{c.Caller.UserID: true}
		for _, m := range members {
			protected[m.User.ID] = !v.Guild.Rules.OutranksMember(v.Member, access.MemberRules(m))
		}
		var users []snowflake.ID
		for _, id := range b.UserIDs.Value {
			if !protected[id] {
				users = append(users, id)
			}
		}
		banned, err = ban(ctx, c, tx, guild, users, b.since())
		if err == nil && len(banned) == 0 {
			return discord.ErrNobodyBanned
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(outcome(b.UserIDs.Value, banned))
}

// banOutcome is the answer to a bulk ban.
type banOutcome struct {
	Banned []snowflake.ID `json:"banned_users"`
	Failed []snowflake.ID `json:"failed_users"`
}

func outcome(asked []snowflake.ID, banned []discord.User) banOutcome {
	done := make(map[snowflake.ID]bool, len(banned))
	for _, u := range banned {
		done[u.ID] = true
	}
	o := banOutcome{Banned: []snowflake.ID{}, Failed: []snowflake.ID{}}
	listed := make(map[snowflake.ID]bool, len(asked))
	for _, id := range asked {
		switch {
		case listed[id]:
		case done[id]:
			o.Banned = append(o.Banned, id)
		default:
			o.Failed = append(o.Failed, id)
		}
		listed[id] = true
	}
	return o
}
