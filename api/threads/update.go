package threads

import (
	"reflect"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// patch is the body of a thread's update; null changes nothing.
// https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread
type patch struct {
	Name             form.Field[string]         `json:"name"`
	Archived         form.Field[form.Bool]      `json:"archived"`
	Locked           form.Field[form.Bool]      `json:"locked"`
	Invitable        form.Field[form.Bool]      `json:"invitable"`
	AutoArchive      form.Field[form.Int]       `json:"auto_archive_duration"`
	RateLimitPerUser form.Field[form.Int]       `json:"rate_limit_per_user"`
	Flags            form.Field[form.Int]       `json:"flags"`
	AppliedTags      form.Field[[]snowflake.ID] `json:"applied_tags"`
}

func (b *patch) check() error {
	var p form.Problems
	if b.Name.Set {
		b.Name.Value = strings.TrimSpace(b.Name.Value)
		p.Length("name", b.Name.Value, 1, maxName)
	}
	var archive, slowmode *form.Int
	if b.AutoArchive.Set {
		archive = &b.AutoArchive.Value
	}
	if b.RateLimitPerUser.Set {
		slowmode = &b.RateLimitPerUser.Value
	}
	checkNumbers(&p, archive, slowmode)
	distinct(&p, "applied_tags", b.AppliedTags.Value, maxTags)
	return p.Err()
}

// opens reports whether the body does nothing but make the thread active again.
func (b *patch) opens() bool {
	alone := patch{Archived: b.Archived}
	return b.Archived.Set && !bool(b.Archived.Value) && reflect.DeepEqual(*b, alone)
}

// may checks who may change what: who made the thread most of it, who manages threads all. To open one that isn't locked, it
// takes no more than to speak there.
func (b *patch) may(r *access.Room) error {
	switch {
	case manages(r):
		return nil
	case b.opens() && !r.Channel.ThreadMetadata.Locked:
		return r.Need(permissions.SendMessagesInThreads)
	case !owns(r), b.Locked.Set, b.RateLimitPerUser.Set, b.Flags.Set, r.Channel.ThreadMetadata.Locked:
		return discord.ErrMissingPermissions
	}
	return nil
}

// apply returns the thread as the body asks for it.
func (b *patch) apply(r *access.Room) (discord.Channel, error) {
	after, changed := *r.Channel, *r.Channel.Thread
	m := &changed.ThreadMetadata
	after.Thread = &changed
	if b.Archived.Set {
		m.Archived = bool(b.Archived.Value)
	}
	if b.Locked.Set {
		m.Locked = bool(b.Locked.Value)
	}
	if r.Archived() && m.Archived {
		alone := patch{Archived: b.Archived, Locked: b.Locked}
		if !reflect.DeepEqual(*b, alone) {
			return after, discord.ErrThreadArchived
		}
	}
	if b.Invitable.Set && r.Thread.Private() {
		invitable := bool(b.Invitable.Value)
		m.Invitable = &invitable
	}
	if b.AutoArchive.Set {
		m.AutoArchiveDuration = int(b.AutoArchive.Value)
	}
	if b.Name.Set {
		after.Name = &b.Name.Value
	}
	if b.RateLimitPerUser.Set {
		seconds := int(b.RateLimitPerUser.Value)
		after.RateLimitPerUser = &seconds
	}
	if forum := r.Parent.Forum; forum != nil {
		if b.Flags.Set {
			after.Flags = after.Flags&^discord.ChannelFlagPinned | int(b.Flags.Value)&discord.ChannelFlagPinned
		}
		if b.AppliedTags.Set {
			if err := checkTags(forum, r.Parent.Flags, r.Channel.AppliedTags, b.AppliedTags.Value, manages(r)); err != nil {
				return after, err
			}
			changed.AppliedTags = b.AppliedTags.Value
		}
	}
	if m.Archived {
		after.Flags &^= discord.ChannelFlagPinned // what is pinned is active
	}
	return after, nil
}

// Update changes a thread. A new title is held against the guild's rules by the poster.
// https://discord.com/developers/docs/resources/channel#modify-channel
func Update(c *call.Call, a *access.Access, poster *posting.Poster, room *access.Room) error {
	var b patch
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	var result *store.Thread
	change := func() error {
		return a.ChangeThread(c, room, func(tx *store.Tx, r *access.Room) (err error) {
			result, err = b.write(c, tx, r)
			return err
		})
	}
	var err error
	if b.Name.Set && b.Name.Value != *room.Channel.Name {
		if err = b.may(room); err == nil {
			err = poster.JudgeTitle(c.Request.Context(), room, b.Name.Value, change)
		}
	} else {
		err = change()
	}
	if err != nil {
		return err
	}
	return c.OK(result.Channel)
}

// write changes a thread that is held, and records it.
func (b *patch) write(c *call.Call, tx *store.Tx, r *access.Room) (*store.Thread, error) {
	if err := b.may(r); err != nil {
		return nil, err
	}
	after, err := b.apply(r)
	if err != nil || reflect.DeepEqual(*r.Channel, after) {
		return r.Thread, err
	}
	ctx := c.Request.Context()
	if pins := after.Flags &^ r.Channel.Flags & discord.ChannelFlagPinned; pins != 0 {
		if has, err := tx.HasPinned(ctx, r.Parent.ID); err != nil {
			return nil, err
		} else if has {
			return nil, discord.ErrTooManyPinned
		}
	}
	result, err := tx.UpdateThread(ctx, r.Thread, after)
	if err != nil {
		return nil, refused(err, after.Type)
	}
	entry, err := audit.Changed(c, discord.AuditThreadUpdate, after.ID, audited(*r.Channel), audited(after), auditedKeys...)
	if err != nil || len(entry.Changes) == 0 {
		return result, err
	}
	return result, tx.Audit(ctx, *after.GuildID, entry)
}

// Remove deletes a thread.
// https://discord.com/developers/docs/resources/channel#deleteclose-channel
func Remove(c *call.Call, a *access.Access, room *access.Room) error {
	ctx := c.Request.Context()
	var deleted discord.Channel
	err := a.ChangeThread(c, room, func(tx *store.Tx, r *access.Room) error {
		if err := r.Need(permissions.ManageThreads); err != nil {
			return err
		}
		deleted = *r.Channel
		if err := tx.DeleteThread(ctx, r.Thread); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditThreadDelete, deleted.ID, audited(deleted), nil, auditedKeys...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, *deleted.GuildID, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(deleted)
}
