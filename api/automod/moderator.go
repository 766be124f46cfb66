package automod

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/automod/rules"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Moderator holds messages against the rules of their guild and does what these say. A nil Moderator lets everything pass.
type Moderator struct {
	store *store.Store
	redis redis.UniversalClient
	log   *slog.Logger
}

// NewModerator returns a moderator; Redis counts what somebody says again and again.
func NewModerator(s *store.Store, rdb redis.UniversalClient, log *slog.Logger) *Moderator {
	return &Moderator{store: s, redis: rdb, log: log}
}

// Verdict is which rules are broken, by whom and where.
type Verdict struct {
	guild   snowflake.ID
	channel snowflake.ID  // 0: it is about what a member is called
	message *snowflake.ID // nil: blocked, or it is about something else
	title   string        // of a thread
	names   names         // of a member
	event   string        // by which the member got a name
	user    discord.User
	hits    []rules.Hit
}

// Judge holds a message against the rules of its guild. author is its member, nil for a webhook. A verdict of nil means that
// it breaks none. Who may manage the guild is not judged.
func (m *Moderator) Judge(ctx context.Context, room *access.Room, message *discord.Message, author *discord.Member) *Verdict {
	if m == nil || room.Direct() {
		return nil
	}
	set := room.Guild.Filters()
	if set == nil || author != nil && room.Permissions.Has(permissions.ManageGuild) {
		return nil
	}
	said, title := texts(message), ""
	begins := room.Thread == nil && room.Channel.Type.IsThread() // a post, which is there only when the message is
	if begins {
		title = *room.Channel.Name
		said = append(said, title)
	}
	subject := rules.Subject{
		Event: discord.AutoModOnMessage, Channels: above(room.Channel), Texts: said,
		Mentions: len(message.Mentions) + len(message.MentionRoles),
		Repeated: func() bool { return m.repeated(ctx, room.Guild.Guild.ID, message) },
	}
	if author != nil {
		subject.Roles = author.Roles
		subject.Raid = func() bool { return m.raid(ctx, room.Guild.Guild.ID, author, message) }
	}
	hits := set.Check(&subject)
	if len(hits) == 0 {
		return nil
	}
	v := &Verdict{guild: room.Guild.Guild.ID, channel: room.Channel.ID, message: &message.ID, title: title, user: message.Author, hits: hits}
	if v.Blocked() != nil {
		v.message = nil
		if begins {
			v.channel = room.Parent.ID
		}
	}
	return v
}

// JudgeTitle holds the title that the visitor of a room gives to a thread, in the room or the room itself, against the rules
// of its guild.
func (m *Moderator) JudgeTitle(ctx context.Context, room *access.Room, title string) (*Verdict, error) {
	if m == nil || room.Permissions.Has(permissions.ManageGuild) {
		return nil, nil
	}
	hits := room.Guild.Filters().Check(&rules.Subject{
		Event: discord.AutoModOnMessage, Channels: above(room.Channel), Roles: room.Member.Roles, Texts: []string{title},
	})
	if len(hits) == 0 {
		return nil, nil
	}
	user, err := m.store.User(ctx, room.Member.User)
	return &Verdict{guild: room.Guild.Guild.ID, channel: room.Channel.ID, title: title, user: user, hits: hits}, err
}

// Blocked is the error for a message that must not be sent, or a title that must not be given, nil if it may.
func (v *Verdict) Blocked() error {
	if v == nil {
		return nil
	}
	for _, hit := range v.hits {
		for _, a := range hit.Rule.Actions {
			if a.Type != discord.AutoModBlock {
				continue
			}
			blocked := *discord.ErrMessageBlocked
			if v.title != "" && hit.Text == v.title {
				blocked = *discord.ErrTitleBlocked
			}
			if a.Metadata.CustomMessage != nil {
				blocked.Message = *a.Metadata.CustomMessage
			}
			return &blocked
		}
	}
	return nil
}

// above is a channel with its category, or a thread with its channel.
func above(c *discord.Channel) []snowflake.ID {
	if c.ParentID == nil || *c.ParentID == nil {
		return []snowflake.ID{c.ID}
	}
	return []snowflake.ID{c.ID, **c.ParentID}
}

// texts are what a message says in words.
func texts(m *discord.Message) []string {
	list := []string{m.Content, components.Text(m.Components)}
	for _, e := range m.Embeds {
		list = append(list, e.Title, e.Description)
		for _, f := range e.Fields {
			list = append(list, f.Name, f.Value)
		}
	}
	if m.Poll != nil {
		list = append(list, m.Poll.Question.Text)
		for _, a := range m.Poll.Answers {
			list = append(list, a.PollMedia.Text)
		}
	}
	return list
}

const (
	// memory is how long it is remembered what was said and who was mentioned.
	memory = time.Minute
	// mayRepeat is how often one may say the same within it; what is shorter than minRepeated may always be said again.
	mayRepeat   = 3
	minRepeated = 12 // bytes
	// newMember is how long ago a member joined that may be part of a raid, raidMentions how many people all of them
	// together may mention.
	newMember    = 24 * time.Hour
	raidMentions = 30
	// countTimeout bounds the wait for Redis; without it nothing is repeated and nobody raids.
	countTimeout = 500 * time.Millisecond
)

// repeated counts what an author says, wherever in the guild.
func (m *Moderator) repeated(ctx context.Context, guild snowflake.ID, message *discord.Message) bool {
	if len(message.Content) < minRepeated {
		return false
	}
	said := sha256.Sum256([]byte(message.Content))
	key := fmt.Sprintf("automod:{%s}:said:%s:%x", guild, message.Author.ID, said[:8])
	return m.count(ctx, key, 1) > mayRepeat
}

// raid counts whom new members mention.
func (m *Moderator) raid(ctx context.Context, guild snowflake.ID, author *discord.Member, message *discord.Message) bool {
	if time.Since(author.JoinedAt.Time) > newMember {
		return false
	}
	mentions := len(message.Mentions) + len(message.MentionRoles)
	return m.count(ctx, fmt.Sprintf("automod:{%s}:raid", guild), mentions) > raidMentions
}

// count adds to a counter that is forgotten after a while, and returns it.
func (m *Moderator) count(ctx context.Context, key string, by int) int64 {
	ctx, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	pipe := m.redis.TxPipeline()
	sum := pipe.IncrBy(ctx, key, int64(by))
	pipe.ExpireNX(ctx, key, memory)
	if _, err := pipe.Exec(ctx); err != nil {
		m.log.WarnContext(ctx, "auto-moderation does not count", "error", err)
		return 0
	}
	return sum.Val()
}
