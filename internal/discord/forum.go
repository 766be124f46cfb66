package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Forum is what a forum or media channel has besides.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-structure
type Forum struct {
	AvailableTags        []ForumTag       `json:"available_tags"`
	DefaultReactionEmoji *DefaultReaction `json:"default_reaction_emoji"`
	DefaultSortOrder     *int             `json:"default_sort_order"` // 0 latest activity, 1 creation date
	DefaultForumLayout   int              `json:"default_forum_layout"`
	DefaultTagSetting    *string          `json:"default_tag_setting,omitempty"`
}

// ForumTag is a tag that posts may have.
// https://discord.com/developers/docs/resources/channel#forum-tag-object
type ForumTag struct {
	ID        snowflake.ID  `json:"id"`
	Name      string        `json:"name"`
	Moderated bool          `json:"moderated"` // only for who may manage threads
	EmojiID   *snowflake.ID `json:"emoji_id"`
	EmojiName *string       `json:"emoji_name"`
}

// DefaultReaction is the emoji that is offered under posts: one of the guild's, or a Unicode one.
// https://discord.com/developers/docs/resources/channel#default-reaction-object
type DefaultReaction struct {
	EmojiID   *snowflake.ID `json:"emoji_id"`
	EmojiName *string       `json:"emoji_name"`
}

// IsForum reports whether the channel holds posts, each of them a thread, instead of messages.
func (t ChannelType) IsForum() bool { return t == ChannelForum || t == ChannelMedia }

// Tag returns a tag of the forum, nil if it has none of the id.
func (f *Forum) Tag(id snowflake.ID) *ForumTag {
	for i := range f.AvailableTags {
		if f.AvailableTags[i].ID == id {
			return &f.AvailableTags[i]
		}
	}
	return nil
}
