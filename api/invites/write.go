package invites

import (
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
	defaultAge = 86400  // seconds: a day
	maxAge     = 604800 // seconds: a week
	maxUses    = 100
)

// audited are the keys of an invite that the audit log records.
var audited = []string{"code", "channel_id", "inviter_id", "uses", "max_uses", "max_age", "temporary"}

// recorded is an invite as the audit log has it.
type recorded struct {
	discord.Invite
	ChannelID snowflake.ID `json:"channel_id"`
	InviterID snowflake.ID `json:"inviter_id"`
}

func record(i discord.Invite) recorded { return recorded{i, i.Channel.ID, i.Inviter.ID} }

// creation is the body of an invite to be made.
// https://discord.com/developers/docs/resources/channel#create-channel-invite-json-params
type creation struct {
	MaxAge    form.Field[form.Int]  `json:"max_age"`
	MaxUses   form.Field[form.Int]  `json:"max_uses"`
	Temporary form.Field[form.Bool] `json:"temporary"`
	Unique    form.Field[form.Bool] `json:"unique"`
	target
}

func (b *creation) check() error {
	var p form.Problems
	p.Range("max_age", int64(b.MaxAge.Value), 0, maxAge)
	p.Range("max_uses", int64(b.MaxUses.Value), 0, maxUses)
	b.target.check(&p)
	return p.Err()
}

// create makes an invite to a channel, or returns one that the caller made before with the same settings.
// https://discord.com/developers/docs/resources/channel#create-channel-invite
func (h *Handlers) create(c *call.Call) error {
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	var b creation
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	only, limited, err := targetUsers(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.Invite
	err = h.access.ChangeIn(c, channel, permissions.CreateInstantInvite, func(tx *store.Tx, r *access.Room) (err error) {
		if r.Channel.Type == discord.ChannelCategory {
			return discord.ErrWrongChannelType
		}
		guild := r.Guild.Guild.ID
		asked := store.NewInvite{
			Guild: guild, Channel: channel, Inviter: c.Caller.UserID, MaxUses: int(b.MaxUses.Value),
			MaxAge: time.Duration(b.MaxAge.Or(defaultAge)) * time.Second, Temporary: bool(b.Temporary.Value),
		}
		if err := b.apply(ctx, tx, r, &asked); err != nil {
			return err
		}
		if !bool(b.Unique.Value) && !limited {
			if made, err = tx.SimilarInvite(ctx, asked); !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		n, err := tx.InviteCount(ctx, guild)
		if err != nil {
			return err
		}
		most, err := tx.Limit(ctx, store.LimitInvites, guild)
		if err != nil {
			return err
		}
		if int64(n) >= most {
			return discord.ErrTooManyInvites
		}
		if made, err = tx.CreateInvite(ctx, asked); err != nil {
			return err
		}
		if limited {
			if err := tx.TargetInvite(ctx, made.Code, only); err != nil {
				return err
			}
		}
		entry, err := audit.Changed(c, discord.AuditInviteCreate, channel, nil, record(made), audited...)
		if err != nil {
			return err
		}
		entry.TargetID = nil // an invite has no id
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(managed(made))
}

// remove deletes an invite: for who manages its channel or the guild.
// https://discord.com/developers/docs/resources/invite#delete-invite
func (h *Handlers) remove(c *call.Call) error {
	found, err := h.find(c)
	if err != nil {
		return err
	}
	if found.Vanity() {
		return discord.ErrUnknownInvite // it is a setting of the guild
	}
	ctx, guild := c.Request.Context(), found.Guild.ID
	may := func(v *access.Visit) error {
		if v.Permissions.Has(permissions.ManageGuild) || v.Guild.PermissionsIn(v.Member, found.Channel.ID).Has(permissions.ManageChannels) {
			return nil
		}
		return discord.ErrMissingPermissions
	}
	err = h.access.ChangeIf(c, guild, may, func(tx *store.Tx, _ *access.Visit) error {
		current, err := tx.Invite(ctx, found.Code)
		if err != nil {
			return known(err)
		}
		if err := tx.DeleteInvite(ctx, current); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditInviteDelete, guild, record(current), nil, audited...)
		if err != nil {
			return err
		}
		entry.TargetID = nil
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(public(found))
}
