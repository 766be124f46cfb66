package channels

import (
	"net/http"
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

// audited are the keys of a channel that the audit log records; overwrites have entries of their own.
var audited = []string{"name", "type", "position", "topic", "nsfw", "rate_limit_per_user", "bitrate", "user_limit",
	"rtc_region", "video_quality_mode", "parent_id", "default_auto_archive_duration",
	"default_thread_rate_limit_per_user", "flags", "available_tags", "default_reaction_emoji", "default_sort_order",
	"default_forum_layout"}

// creation is the body of a channel to be made.
// https://discord.com/developers/docs/resources/guild#create-guild-channel-json-params
type creation struct {
	Settings
	Type       form.Field[form.Int]    `json:"type"`
	ParentID   *snowflake.ID           `json:"parent_id"`
	Overwrites form.Field[[]Overwrite] `json:"permission_overwrites"`
}

func (b *creation) kind() discord.ChannelType { return discord.ChannelType(b.Type.Value) }

func (b *creation) check() error {
	var p form.Problems
	if !b.Name.Set {
		p.Required("name")
	}
	CheckType(&p, "type", b.kind())
	b.Check(&p, "", b.kind())
	return p.Err()
}

// CheckType notes a type that no channel of a guild can be made with. Stages are not among those that can: there is no audio.
func CheckType(p *form.Problems, path string, kind discord.ChannelType) {
	form.OneOf(p, path, kind, discord.ChannelText, discord.ChannelVoice, discord.ChannelCategory,
		discord.ChannelAnnouncement, discord.ChannelForum, discord.ChannelMedia)
}

// may checks what creating needs: MANAGE_CHANNELS in the category, or in the guild outside of any.
func (b *creation) may(v *access.Visit) error {
	if b.ParentID == nil {
		return v.Need(permissions.ManageChannels)
	}
	_, err := category(v, "parent_id", b.kind(), b.ParentID)
	return err
}

// create makes a channel.
// https://discord.com/developers/docs/resources/guild#create-guild-channel
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
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
	ctx := c.Request.Context()
	var made discord.Channel
	err = h.access.ChangeIf(c, guild, b.may, func(tx *store.Tx, v *access.Visit) error {
		most, err := tx.Limit(ctx, store.LimitChannels, guild)
		if err != nil {
			return err
		}
		if int64(len(v.Guild.Channels)) >= most {
			return discord.ErrTooManyChannels
		}
		position := After(v.Guild.Channels, b.kind())
		made = discord.Channel{ID: tx.NewID(), Type: b.kind(), Position: &position, ParentID: &b.ParentID}
		b.Apply(&made)
		if err := NameTags(&made, tx.NewID); err != nil {
			return err
		}
		if err := checkEmojis(ctx, tx, guild, &discord.Channel{}, &made); err != nil {
			return err
		}
		overwrites, err := b.overwrites(c, tx, v)
		if err != nil {
			return err
		}
		made.PermissionOverwrites = &overwrites
		if made, err = tx.CreateChannel(ctx, guild, made); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditChannelCreate, made.ID, nil, made,
			append([]string{"permission_overwrites"}, audited...)...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made)
}

// overwrites are those that were sent, which may only give and take what the caller has; else the category's.
func (b *creation) overwrites(c *call.Call, tx *store.Tx, v *access.Visit) ([]discord.Overwrite, error) {
	var parent *discord.Channel
	if b.ParentID != nil {
		parent = v.Guild.Channel(*b.ParentID)
	}
	if !b.Overwrites.Set {
		return overwritesOf(parent), nil
	}
	if len(b.Overwrites.Value) > maxOverwrites {
		return nil, discord.ErrTooManyOverwrites
	}
	overwrites, err := resolve(c.Request.Context(), tx, v.Guild, b.Overwrites.Value, nil)
	if err != nil {
		return nil, err
	}
	grantable := v.Guild.Rules.GrantableNew(v.Member, rules(parent), time.Now())
	if !permissions.MayGrant(grantable, bits(compare(nil, overwrites))) {
		return nil, discord.ErrMissingPermissions
	}
	return overwrites, nil
}
