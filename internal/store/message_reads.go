package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Placement says where in a channel a page of messages is.
type Placement int

// Where a page is, seen from MessagePage.Anchor.
const (
	Newest Placement = iota // the anchor is not used
	Around                  // half of it before, with the anchor itself, half after
	Before
	After
)

// MessagePage asks for messages of a channel.
type MessagePage struct {
	Channel   snowflake.ID
	Placement Placement
	Anchor    snowflake.ID
	Limit     int
	Viewer    snowflake.ID // whose own reactions are marked
}

// alive is the condition of a message that has not been deleted.
const alive = `m.deleted_at is null`

// Messages returns a page of a channel's messages, newest first, complete.
func (s *Store) Messages(ctx context.Context, p MessagePage) ([]discord.Message, error) {
	return s.completed(ctx, p.Viewer, func(ctx context.Context, q querier) ([]discord.Message, error) { return page(ctx, q, p) })
}

// completed reads messages, on a replica or on the primary, and what completes them from the same.
func (s *Store) completed(ctx context.Context, viewer snowflake.ID, read func(context.Context, querier) ([]discord.Message, error)) ([]discord.Message, error) {
	return readOne(ctx, s, func(ctx context.Context, q querier) ([]discord.Message, error) {
		messages, err := read(ctx, q)
		if err != nil {
			return nil, err
		}
		return messages, s.complete(ctx, q, messages, viewer)
	})
}

// page returns the rows of a page.
func page(ctx context.Context, q querier, p MessagePage) ([]discord.Message, error) {
	older, newer := 0, 0
	switch p.Placement {
	case Newest:
		older, p.Anchor = p.Limit, snowflake.Max
	case Before:
		older, p.Anchor = p.Limit, max(p.Anchor, 1)-1
	case After:
		newer = p.Limit
	case Around:
		newer = p.Limit / 2
		older = p.Limit - newer
	}
	// The values stand where the planner does not see them. If it did, it would make a plan for each page of a large channel, which
	// takes longer than to read one; and the plan is always the same.
	messages, err := collect(ctx, q, scanMessage, `
		(select `+messageColumns+messageFrom+`where m.channel_id = (select $1::bigint) and m.id <= (select $2::bigint) and `+alive+`
			order by m.id desc limit (select $3::int))
		union all
		(select `+messageColumns+messageFrom+`where m.channel_id = (select $1::bigint) and m.id > (select $2::bigint) and `+alive+`
			order by m.id limit (select $4::int))`,
		p.Channel, p.Anchor, older, newer)
	if err != nil {
		return nil, fmt.Errorf("messages of channel %s: %w", p.Channel, err)
	}
	slices.SortFunc(messages, func(a, b discord.Message) int { return compareID(b.ID, a.ID) })
	return messages, nil
}

// Message returns a message of a channel, complete.
func (s *Store) Message(ctx context.Context, channel, id, viewer snowflake.ID) (discord.Message, error) {
	return s.message(ctx, s.pool, channel, id, viewer, "")
}

// Message is Store.Message within a change, without reactions.
func (tx *Tx) Message(ctx context.Context, channel, id snowflake.ID) (discord.Message, error) {
	return tx.store.message(ctx, tx, channel, id, 0, "")
}

// HoldMessage locks a message of a channel until the end of the change and returns it, without reactions.
func (tx *Tx) HoldMessage(ctx context.Context, channel, id snowflake.ID) (discord.Message, error) {
	return tx.store.message(ctx, tx, channel, id, 0, `for no key update of m`)
}

func (s *Store) message(ctx context.Context, q querier, channel, id, viewer snowflake.ID, lock string) (discord.Message, error) {
	m, err := scanMessage(q.QueryRow(ctx,
		`select `+messageColumns+messageFrom+`where m.id = $1 and m.channel_id = $2 and `+alive+` `+lock, id, channel))
	if err != nil {
		return m, fmt.Errorf("message %s: %w", id, notFound(err))
	}
	one := []discord.Message{m}
	err = s.complete(ctx, q, one, viewer)
	return one[0], err
}

// nonceWindow is how long a nonce stands for the message that carried it.
const nonceWindow = 5 * time.Minute

// MessageByNonce returns the message that an author sent to a channel with a nonce a short while ago.
func (s *Store) MessageByNonce(ctx context.Context, channel, author snowflake.ID, nonce []byte) (discord.Message, error) {
	return s.messageByNonce(ctx, s.pool, channel, author, nonce)
}

// MessageByNonce is Store.MessageByNonce; until the end of the change nobody else gets an answer for the same nonce.
func (tx *Tx) MessageByNonce(ctx context.Context, channel, author snowflake.ID, nonce []byte) (discord.Message, error) {
	key := fmt.Sprintf("nonce %s %s %s", channel, author, nonce)
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, key); err != nil {
		return discord.Message{}, fmt.Errorf("hold nonce: %w", err)
	}
	return tx.store.messageByNonce(ctx, tx, channel, author, nonce)
}

func (s *Store) messageByNonce(ctx context.Context, q querier, channel, author snowflake.ID, nonce []byte) (discord.Message, error) {
	var id snowflake.ID
	err := q.QueryRow(ctx, `select m.id from messages m where m.channel_id = $1 and m.id >= $2 and m.author_id = $3
		and m.nonce = $4 and `+alive+` order by m.id limit 1`,
		channel, snowflake.FromTime(time.Now().Add(-nonceWindow)), author, string(nonce)).Scan(&id)
	if err != nil {
		return discord.Message{}, fmt.Errorf("message by nonce: %w", notFound(err))
	}
	m, err := s.message(ctx, q, channel, id, author, "")
	m.Nonce = nonce
	return m, err
}

// complete fills in what other rows say of messages: those they reply to, the users they mention and, unless viewer is 0,
// the reactions; and it makes the links to their files anew. It takes the same number of statements whatever the number of messages.
func (s *Store) complete(ctx context.Context, q querier, messages []discord.Message, viewer snowflake.ID) error {
	if len(messages) == 0 {
		return nil
	}
	referenced, err := addReferenced(ctx, q, messages)
	if err != nil {
		return err
	}
	s.link(messages)
	s.link(referenced)
	if err := addMentions(ctx, q, messages, referenced); err != nil {
		return err
	}
	if err := addThreads(ctx, q, messages, viewer); err != nil {
		return err
	}
	if err := addPolls(ctx, q, messages, viewer); err != nil {
		return err
	}
	if viewer == 0 {
		return nil
	}
	return addReactions(ctx, q, messages, viewer)
}

// addReferenced fills in referenced_message of replies, null where it has been deleted, and returns the messages.
func addReferenced(ctx context.Context, q querier, messages []discord.Message) ([]discord.Message, error) {
	var ids []snowflake.ID
	for _, m := range messages {
		if replies(m) {
			ids = append(ids, *m.MessageReference.MessageID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	referenced, err := collect(ctx, q, scanMessage,
		`select `+messageColumns+messageFrom+`where m.id = any($1) and `+alive, ids)
	if err != nil {
		return nil, fmt.Errorf("referenced messages: %w", err)
	}
	at := make(map[snowflake.ID]*discord.Message, len(referenced))
	for i := range referenced {
		at[referenced[i].ID] = &referenced[i]
	}
	for i := range messages {
		if replies(messages[i]) {
			found := at[*messages[i].MessageReference.MessageID]
			messages[i].ReferencedMessage = &found
		}
	}
	return referenced, nil
}

// replies reports whether what a message refers to is shown with it. A copy of a published message refers to its source in
// the same form, but whoever sees the copy need not see the source.
func replies(m discord.Message) bool {
	r := m.MessageReference
	return r != nil && r.Type == discord.ReferenceReply && r.MessageID != nil && m.Flags&discord.MessageFlagIsCrosspost == 0
}

// addMentions turns the ids in mentions into users. An account that is gone is left out.
func addMentions(ctx context.Context, q querier, lists ...[]discord.Message) error {
	var ids []snowflake.ID
	for _, messages := range lists {
		for _, m := range messages {
			for _, mention := range m.Mentions {
				ids = append(ids, mention.ID)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	users, err := collect(ctx, q, scanUser, `select `+userColumns+` from users u where u.id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("mentioned users: %w", err)
	}
	at := make(map[snowflake.ID]discord.User, len(users))
	for _, u := range users {
		at[u.ID] = u
	}
	for _, messages := range lists {
		for i := range messages {
			mentions := messages[i].Mentions
			messages[i].Mentions = slices.DeleteFunc(mentions, func(m discord.Mention) bool { return at[m.ID].ID == 0 })
			for j := range messages[i].Mentions {
				mentions[j].User = at[mentions[j].ID]
			}
		}
	}
	return nil
}

// Person is a user, and what a guild knows of it.
type Person struct {
	User   discord.User
	Member *discord.Member // without User; nil for who is not a member
}

// People returns those of the users that exist, as a guild sees them; with guild 0, without members. Those who ask at the same
// time are answered by one statement.
func (s *Store) People(ctx context.Context, guild snowflake.ID, users []snowflake.ID) (map[snowflake.ID]Person, error) {
	return s.people.Ask(ctx, peopleOf{guild, users})
}

// People is Store.People within a change.
func (tx *Tx) People(ctx context.Context, guild snowflake.ID, users []snowflake.ID) (map[snowflake.ID]Person, error) {
	found, err := people(ctx, tx, []peopleOf{{guild, users}})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// peopleOf asks for users as a guild sees them.
type peopleOf struct {
	guild snowflake.ID
	users []snowflake.ID
}

// someone is a user in a guild.
type someone struct{ guild, user snowflake.ID }

// people answers all questions with one statement.
func people(ctx context.Context, q querier, asked []peopleOf) ([]map[snowflake.ID]Person, error) {
	all := map[someone]Person{}
	var guilds, users []snowflake.ID
	for _, a := range asked {
		for _, user := range a.users {
			who := someone{a.guild, user}
			if _, twice := all[who]; !twice {
				all[who] = Person{}
				guilds, users = append(guilds, a.guild), append(users, user)
			}
		}
	}
	rows, err := q.Query(ctx, `select m.nick, m.avatar, m.banner, m.roles, coalesce(m.joined_at, 'epoch'), coalesce(m.deaf, false),
			coalesce(m.mute, false), coalesce(m.flags, 0), coalesce(m.pending, false), m.timed_out_until, `+userColumns+`,
			a.guild_id, m.user_id is not null
		from unnest($1::bigint[], $2::bigint[]) a (guild_id, user_id) join users u on u.id = a.user_id
			left join members m on m.guild_id = a.guild_id and m.user_id = a.user_id`, guilds, users)
	if err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	for rows.Next() {
		var m discord.Member
		var u discord.User
		var guild snowflake.ID
		var member bool
		if err := readMember(withLast{withLast{rows, &member}, &guild}, &m, &u); err != nil {
			rows.Close()
			return nil, fmt.Errorf("people: %w", err)
		}
		found := Person{User: u}
		if m.User = nil; member {
			found.Member = &m
		}
		all[someone{guild, u.ID}] = found
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("people: %w", err)
	}
	answers := make([]map[snowflake.ID]Person, len(asked))
	for i, a := range asked {
		answers[i] = make(map[snowflake.ID]Person, len(a.users))
		for _, user := range a.users {
			p := all[someone{a.guild, user}]
			if p.User.ID == 0 {
				continue
			}
			if p.Member != nil { // each has its own, which it may change
				own := *p.Member
				p.Member = &own
			}
			answers[i][user] = p
		}
	}
	return answers, nil
}
