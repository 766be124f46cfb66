package threads

import (
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	maxName        = 100
	maxSlowmode    = 21600 // seconds: 6 hours
	maxTags        = 5     // of a post
	defaultArchive = 1440  // minutes
)

// archiveAfter are the minutes after which a thread may be archived.
var archiveAfter = []form.Int{60, 1440, 4320, 10080}

// creation is what can be said of every thread when it is made.
// https://discord.com/developers/docs/resources/channel#start-thread-from-message-json-params
type creation struct {
	Name             string    `json:"name"`
	AutoArchive      *form.Int `json:"auto_archive_duration"`
	RateLimitPerUser *form.Int `json:"rate_limit_per_user"`
}

func (b *creation) check(p *form.Problems) {
	b.Name = strings.TrimSpace(b.Name)
	p.Length("name", b.Name, 1, maxName)
	checkNumbers(p, b.AutoArchive, b.RateLimitPerUser)
}

func checkNumbers(p *form.Problems, archive, slowmode *form.Int) {
	if archive != nil {
		form.OneOf(p, "auto_archive_duration", *archive, archiveAfter...)
	}
	if slowmode != nil {
		p.Range("rate_limit_per_user", int64(*slowmode), 0, maxSlowmode)
	}
}

// thread is the thread to be made in a channel. What isn't said is as the channel says.
func (b *creation) thread(parent *access.Room, id snowflake.ID, kind discord.ChannelType) discord.Channel {
	archive, slowmode := defaultArchive, 0
	if n := parent.Channel.DefaultAutoArchive; n != nil && *n != 0 {
		archive = *n
	}
	if n := parent.Channel.DefaultThreadRate; n != nil {
		slowmode = *n
	}
	if b.AutoArchive != nil {
		archive = int(*b.AutoArchive)
	}
	if b.RateLimitPerUser != nil {
		slowmode = int(*b.RateLimitPerUser)
	}
	guild, parentID, owner := parent.Guild.Guild.ID, &parent.Channel.ID, parent.Member.User
	return discord.Channel{
		ID: id, Type: kind, GuildID: &guild, ParentID: &parentID, OwnerID: &owner, Name: &b.Name, RateLimitPerUser: &slowmode,
		Thread: &discord.Thread{ThreadMetadata: discord.ThreadMetadata{AutoArchiveDuration: archive}},
	}
}

// checkTags checks the tags that a post is to have, beside those that it has: each must be one of the forum's, and those that
// are moderated are only for who manages threads.
// https://discord.com/developers/docs/resources/channel#forum-tag-object
func checkTags(forum *discord.Forum, flags int, had, tags []snowflake.ID, moderator bool) error {
	if len(tags) == 0 && flags&discord.ChannelFlagRequireTag != 0 {
		free := slices.ContainsFunc(forum.AvailableTags, func(t discord.ForumTag) bool { return !t.Moderated })
		if !free && !moderator {
			return discord.ErrNoTagToSet
		}
		return discord.ErrTagRequired
	}
	for _, id := range tags {
		switch tag := forum.Tag(id); {
		case tag == nil:
			return discord.ErrUnknownTag
		case tag.Moderated && !moderator && !slices.Contains(had, id):
			return discord.ErrMissingPermissions
		}
	}
	for _, id := range had {
		if tag := forum.Tag(id); tag != nil && tag.Moderated && !moderator && !slices.Contains(tags, id) {
			return discord.ErrMissingPermissions
		}
	}
	return nil
}

func distinct(p *form.Problems, path string, ids []snowflake.ID, most int) {
	p.Max(path, len(ids), most)
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			p.Add(form.At(path, i), "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
		}
	}
}

// audited is a thread as the audit log compares it.
func audited(c discord.Channel) map[string]any {
	m := c.ThreadMetadata
	record := map[string]any{
		"name": c.Name, "type": c.Type, "archived": m.Archived, "locked": m.Locked,
		"auto_archive_duration": m.AutoArchiveDuration, "rate_limit_per_user": c.RateLimitPerUser, "flags": c.Flags,
		"applied_tags": c.AppliedTags,
	}
	if m.Invitable != nil {
		record["invitable"] = *m.Invitable
	}
	return record
}

var auditedKeys = []string{"name", "type", "archived", "locked", "auto_archive_duration", "rate_limit_per_user", "invitable",
	"flags", "applied_tags"}
