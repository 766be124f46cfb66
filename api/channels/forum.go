package channels

import (
	"context"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxTags    = 20
	maxTagName = 50
)

// ForumSettings are the fields of a forum or media channel beside those of others.
// https://discord.com/developers/docs/resources/channel#modify-channel-json-params-guild-channel
type ForumSettings struct {
	Flags           form.Field[form.Int]  `json:"flags"`
	AvailableTags   form.Field[[]tag]     `json:"available_tags"`
	DefaultReaction form.Field[*Emoji]    `json:"default_reaction_emoji"`
	SortOrder       form.Field[*form.Int] `json:"default_sort_order"`
	Layout          form.Field[*form.Int] `json:"default_forum_layout"`
	TagSetting      form.Field[*string]   `json:"default_tag_setting"`
}

// tag is a tag as a client sends it; one without an id is new.
type tag struct {
	ID        *snowflake.ID `json:"id"`
	Name      string        `json:"name"`
	Moderated *form.Bool    `json:"moderated"`
	Emoji
}

// Emoji is an emoji of the guild, or a Unicode one.
type Emoji struct {
	EmojiID   *snowflake.ID `json:"emoji_id"`
	EmojiName *string       `json:"emoji_name"`
}

func (e *Emoji) check(p *form.Problems, path string) {
	if e.EmojiID != nil && *e.EmojiID == 0 {
		e.EmojiID = nil
	}
	if e.EmojiName != nil && *e.EmojiName == "" {
		e.EmojiName = nil
	}
	if e.EmojiID != nil && e.EmojiName != nil {
		p.Add(form.At(path, "emoji_name"), "BASE_TYPE_BAD_VALUE", "Only one of emoji_id and emoji_name may be given.")
	}
	if e.EmojiName != nil {
		p.Emoji(form.At(path, "emoji_name"), *e.EmojiName)
	}
}

func (s *ForumSettings) checkForum(p *form.Problems, path string, kind discord.ChannelType) {
	if !kind.IsForum() {
		return
	}
	tags := s.AvailableTags.Value
	p.Max(form.At(path, "available_tags"), len(tags), maxTags)
	for i := range tags[:min(len(tags), maxTags)] {
		at, t := form.At(path, "available_tags", i), &tags[i]
		t.Name = strings.TrimSpace(t.Name)
		p.Length(form.At(at, "name"), t.Name, 1, maxTagName)
		t.check(p, at)
	}
	if r := s.DefaultReaction.Value; r != nil {
		r.check(p, form.At(path, "default_reaction_emoji"))
	}
	if n := s.SortOrder.Value; n != nil {
		form.OneOf(p, form.At(path, "default_sort_order"), *n, 0, 1)
	}
	if n := s.Layout.Value; n != nil {
		form.OneOf(p, form.At(path, "default_forum_layout"), *n, 0, 1, 2)
	}
	if setting := s.TagSetting.Value; setting != nil {
		form.OneOf(p, form.At(path, "default_tag_setting"), *setting, "match_all", "match_some")
	}
}

// apply sets the fields that were given. New tags have no id yet.
func (s *ForumSettings) apply(c *discord.Channel) {
	if !c.Type.IsForum() {
		return
	}
	forum := discord.Forum{AvailableTags: []discord.ForumTag{}}
	if c.Forum != nil {
		forum = *c.Forum
	}
	c.Forum = &forum
	if s.Flags.Set {
		settable := discord.ChannelFlagRequireTag
		if c.Type == discord.ChannelMedia {
			settable |= discord.ChannelFlagHideDownload
		}
		c.Flags = c.Flags&^settable | int(s.Flags.Value)&settable
	}
	if s.AvailableTags.Set {
		had := forum
		forum.AvailableTags = make([]discord.ForumTag, len(s.AvailableTags.Value))
		for i, t := range s.AvailableTags.Value {
			forum.AvailableTags[i] = discord.ForumTag{
				Name: t.Name, Moderated: t.Moderated != nil && bool(*t.Moderated), EmojiID: t.EmojiID, EmojiName: t.EmojiName,
			}
			if t.ID != nil && had.Tag(*t.ID) != nil {
				forum.AvailableTags[i].ID = *t.ID
			}
		}
	}
	if s.DefaultReaction.Set {
		forum.DefaultReactionEmoji = nil
		if r := s.DefaultReaction.Value; r != nil {
			forum.DefaultReactionEmoji = &discord.DefaultReaction{EmojiID: r.EmojiID, EmojiName: r.EmojiName}
		}
	}
	if s.SortOrder.Set {
		forum.DefaultSortOrder = nil
		if s.SortOrder.Value != nil {
			number(s.SortOrder, 0, &forum.DefaultSortOrder)
		}
	}
	if s.Layout.Set {
		forum.DefaultForumLayout = 0
		if s.Layout.Value != nil {
			forum.DefaultForumLayout = int(*s.Layout.Value)
		}
	}
	s.TagSetting.Apply(&forum.DefaultTagSetting)
}

// CustomEmojis are the guild's emojis that a forum's tags and its default reaction have.
func CustomEmojis(c *discord.Channel) (ids []snowflake.ID) {
	if c.Forum == nil {
		return nil
	}
	for _, t := range c.AvailableTags {
		if t.EmojiID != nil {
			ids = append(ids, *t.EmojiID)
		}
	}
	if r := c.DefaultReactionEmoji; r != nil && r.EmojiID != nil {
		ids = append(ids, *r.EmojiID)
	}
	return ids
}

// checkEmojis checks that the guild has the emojis of a forum, but for those that the forum had before: they may be gone.
func checkEmojis(ctx context.Context, tx *store.Tx, guild snowflake.ID, before, after *discord.Channel) error {
	had := CustomEmojis(before)
	added := slices.DeleteFunc(CustomEmojis(after), func(id snowflake.ID) bool { return slices.Contains(had, id) })
	if len(added) == 0 {
		return nil
	}
	known, err := tx.HasEmojis(ctx, guild, added)
	if err == nil && !known {
		err = discord.ErrUnknownEmoji
	}
	return err
}

// NameTags gives new tags of a forum their ids, and checks that all have names of their own.
func NameTags(c *discord.Channel, newID func() snowflake.ID) error {
	if c.Forum == nil {
		return nil
	}
	tags := c.AvailableTags
	for i := range tags {
		same := func(t discord.ForumTag) bool { return strings.EqualFold(t.Name, tags[i].Name) }
		if slices.ContainsFunc(tags[:i], same) {
			return discord.ErrTagNames
		}
		if tags[i].ID == 0 {
			tags[i].ID = newID()
		}
	}
	return nil
}
