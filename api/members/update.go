package members

import (
	"reflect"
	"strings"
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
	maxNick  = 32
	maxBio   = 190
	maxRoles = 350
	// maxTimeOut is Discord's 28 days; a minute more forgives a client whose clock is ahead.
	maxTimeOut = 28*24*time.Hour + time.Minute
	// bypassesVerification is the only flag of a member that can be set.
	// https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags
	bypassesVerification = 1 << 2
)

// patch is the body. channel_id, which moves a member between voice channels, has nobody to move: there is no voice.
// https://discord.com/developers/docs/resources/guild#modify-guild-member-json-params
type patch struct {
	Nick     form.Field[*string]            `json:"nick"`
	Roles    form.Field[[]snowflake.ID]     `json:"roles"`
	Mute     form.Field[bool]               `json:"mute"`
	Deaf     form.Field[bool]               `json:"deaf"`
	TimedOut form.Field[*discord.Timestamp] `json:"communication_disabled_until"`
	Flags    form.Field[form.Int]           `json:"flags"`
}

func (b *patch) check(now time.Time) error {
	var p form.Problems
	if b.Nick.Value != nil {
		p.Length("nick", *b.Nick.Value, 0, maxNick)
	}
	p.Max("roles", len(b.Roles.Value), maxRoles)
	if until := b.TimedOut.Value; until != nil && until.After(now.Add(maxTimeOut)) {
		p.Add("communication_disabled_until", "BASE_TYPE_BAD_VALUE", "A time-out can last 28 days at most.")
	}
	return p.Err()
}

// needs are the permissions that the caller must have; self: to change its own member.
func (b *patch) needs(self bool) (need permissions.Set) {
	for _, field := range []struct {
		set  bool
		need permissions.Set
	}{
		{b.Nick.Set && self, permissions.ChangeNickname},
		{b.Nick.Set && !self, permissions.ManageNicknames},
		{b.Roles.Set, permissions.ManageRoles},
		{b.Mute.Set, permissions.MuteMembers},
		{b.Deaf.Set, permissions.DeafenMembers},
		{b.TimedOut.Set, permissions.ModerateMembers},
	} {
		if field.set {
			need |= field.need
		}
	}
	return need
}

// may checks what permissions alone don't tell: ranks, and what goes for flags.
func (b *patch) may(v *access.Visit, before, after discord.Member) error {
	rules, who := &v.Guild.Rules, access.MemberRules(before)
	outranked := rules.OutranksMember(v.Member, who)
	switch {
	case b.Nick.Set && !outranked && v.Member.User != who.User,
		b.TimedOut.Set && (!outranked || !rules.MayTimeOut(who)),
		before.Flags != after.Flags && !maySetFlags(v.Permissions):
		return discord.ErrMissingPermissions
	}
	added, removed := difference(before.Roles, after.Roles)
	for _, id := range append(added, removed...) {
		if err := MayGive(v, id); err != nil {
			return err
		}
	}
	return nil
}

func maySetFlags(have permissions.Set) bool {
	return have.Has(permissions.ManageGuild) || have.Has(permissions.ManageRoles) ||
		have.Has(permissions.ModerateMembers|permissions.KickMembers|permissions.BanMembers)
}

func (b *patch) apply(m discord.Member, guild snowflake.ID, now time.Time) discord.Member {
	if b.Nick.Set {
		m.Nick = nickname(b.Nick.Value)
	}
	if b.Roles.Set {
		roles := Distinct(b.Roles.Value, guild)
		if added, removed := difference(m.Roles, roles); len(added)+len(removed) > 0 {
			m.Roles = roles // the same ones in another order are no change
		}
	}
	b.Mute.Apply(&m.Mute)
	b.Deaf.Apply(&m.Deaf)
	if b.TimedOut.Set {
		m.CommunicationDisabledUntil = b.TimedOut.Value
		if until := b.TimedOut.Value; until != nil && !until.After(now) {
			m.CommunicationDisabledUntil = nil
		}
	}
	if b.Flags.Set {
		m.Flags = m.Flags&^bypassesVerification | int(b.Flags.Value)&bypassesVerification
	}
	return m
}

// nickname is what is kept of a nick; none for an empty one.
func nickname(nick *string) *string {
	if nick == nil {
		return nil
	}
	trimmed := strings.TrimSpace(*nick)
	if trimmed == "" {
		return nil
	}
	return &trimmed
}

// update changes a member: itself, or one of lower rank.
// https://discord.com/developers/docs/resources/guild#modify-guild-member
func (h *Handlers) update(c *call.Call) error {
	guild, user, err := ids(c)
	if err != nil {
		return err
	}
	var b patch
	if err := c.Bind(&b); err != nil {
		return err
	}
	now := time.Now()
	if err := b.check(now); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.Member
	err = h.access.Change(c, guild, b.needs(user == c.Caller.UserID), func(tx *store.Tx, v *access.Visit) error {
		before, err := target(ctx, tx, guild, user)
		if err != nil {
			return err
		}
		after = b.apply(before, guild, now)
		if err := b.may(v, before, after); err != nil {
			return err
		}
		return write(c, tx, v, before, after)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// write changes the row, if there is anything to change, and records it: roles in an entry of their own.
func write(c *call.Call, tx *store.Tx, v *access.Visit, before, after discord.Member) error {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	ctx, guild := c.Request.Context(), v.Guild.Guild.ID
	if err := tx.UpdateMember(ctx, guild, after); err != nil {
		return err
	}
	entry, err := audit.Changed(c, discord.AuditMemberUpdate, after.User.ID, before, after,
		"nick", "mute", "deaf", "communication_disabled_until", "flags", "avatar", "banner")
	if err != nil {
		return err
	}
	var entries []discord.AuditEntry
	if len(entry.Changes) > 0 {
		entries = append(entries, entry)
	}
	added, removed := difference(before.Roles, after.Roles)
	if len(added)+len(removed) > 0 {
		entry, err := rolesEntry(c, v.Guild, after.User.ID, added, removed)
		if err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	return tx.Audit(ctx, guild, entries...)
}
