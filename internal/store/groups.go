package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Group is a group DM that is held until the change ends.
type Group struct {
	discord.Channel                // without recipients
	Members         []snowflake.ID // all of them, ascending
	tx              *Tx
}

// NewGroup says what a group DM is made of.
type NewGroup struct {
	Owner       snowflake.ID
	Others      []snowflake.ID
	Nicks       map[snowflake.ID]string // of a bot's group
	Application *snowflake.ID           // of the bot that makes it
}

// CreateGroup makes a group DM and shows it to all who are in it. ErrNotFound: one of the others does not exist.
func (tx *Tx) CreateGroup(ctx context.Context, g NewGroup) (discord.Channel, error) {
	id := tx.NewID()
	_, err := tx.Exec(ctx, `insert into channels (id, type, owner_id, application_id) values ($1, $2, $3, $4)`,
		id, discord.ChannelGroupDM, g.Owner, g.Application)
	if err != nil {
		return discord.Channel{}, fmt.Errorf("make group: %w", err)
	}
	members := append([]snowflake.ID{g.Owner}, g.Others...)
	tag, err := tx.Exec(ctx, `insert into channel_recipients (channel_id, user_id) select $1, id from users where id = any($2)`,
		id, members)
	if err != nil {
		return discord.Channel{}, fmt.Errorf("make group: %w", err)
	}
	if int(tag.RowsAffected()) != len(members) {
		return discord.Channel{}, fmt.Errorf("make group: %w", ErrNotFound)
	}
	for user, nick := range g.Nicks {
		_, err := tx.Exec(ctx, `update channel_recipients set nick = $3 where channel_id = $1 and user_id = $2`, id, user, nick)
		if err != nil {
			return discord.Channel{}, fmt.Errorf("make group: %w", err)
		}
	}
	held := Group{Channel: discord.Channel{ID: id}, Members: members, tx: tx}
	if err := held.tell(ctx, discord.EventChannelCreate, members...); err != nil {
		return discord.Channel{}, err
	}
	return tx.direct(ctx, id, g.Owner)
}

// HoldGroup locks a group DM. ErrNotFound: there is none of the id, or the user is not in it.
func (tx *Tx) HoldGroup(ctx context.Context, id, user snowflake.ID) (*Group, error) {
	channel, err := scanChannel(tx.QueryRow(ctx, `select `+channelColumns+` from channels c where id = $1 and type = $2
		and exists (select from channel_recipients where channel_id = $1 and user_id = $3) for update of c`,
		id, discord.ChannelGroupDM, user))
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", id, notFound(err))
	}
	rows, err := tx.Query(ctx, `select user_id from channel_recipients where channel_id = $1 order by user_id`, id)
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", id, err)
	}
	members, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	if err != nil {
		return nil, fmt.Errorf("group %s: %w", id, err)
	}
	return &Group{Channel: channel, Members: members, tx: tx}, nil
}

// tell sends the channel to members, as each of them sees it. Bots are not told of DMs.
func (g *Group) tell(ctx context.Context, event string, members ...snowflake.ID) error {
	channel, err := scanChannel(g.tx.QueryRow(ctx, `select `+channelColumns+` from channels where id = $1`, g.ID))
	if err != nil {
		return fmt.Errorf("group %s: %w", g.ID, err)
	}
	everybody, err := collect(ctx, g.tx, scanRecipient, `select `+recipientColumns+recipientFrom+
		`where r.channel_id = $1 order by u.id`, g.ID)
	if err != nil {
		return fmt.Errorf("group %s: %w", g.ID, err)
	}
	bots := map[snowflake.ID]bool{}
	for _, r := range everybody {
		bots[r.user.ID] = r.user.Bot
	}
	for _, member := range members {
		if bots[member] {
			continue
		}
		seen := []discord.Channel{channel}
		var others []recipient
		for _, r := range everybody {
			if r.user.ID != member {
				others = append(others, r)
			}
		}
		setRecipients(seen, others)
		if err := g.tx.Emit(member, events.Header{Type: event, User: member}, seen[0]); err != nil {
			return err
		}
	}
	return nil
}

// Update writes name, icon and owner, and tells everybody.
func (g *Group) Update(ctx context.Context, name, icon *string, owner snowflake.ID) error {
	_, err := g.tx.Exec(ctx, `update channels set name = $2, icon = $3, owner_id = $4 where id = $1`, g.ID, name, icon, owner)
	if err != nil {
		return fmt.Errorf("update group %s: %w", g.ID, err)
	}
	return g.tell(ctx, discord.EventChannelUpdate, g.Members...)
}

// recipientEvent is the payload of CHANNEL_RECIPIENT_ADD and CHANNEL_RECIPIENT_REMOVE.
type recipientEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	User      discord.User `json:"user"`
	Nick      *string      `json:"nick,omitempty"`
}

// Add lets somebody into the group, who has read what was written before. ErrNotFound: there is no such user.
func (g *Group) Add(ctx context.Context, by, user snowflake.ID, nick *string) error {
	users, err := collect(ctx, g.tx, scanUser, `select `+userColumns+` from users u where u.id = $1`, user)
	if err != nil {
		return fmt.Errorf("add user %s to group %s: %w", user, g.ID, err)
	}
	if len(users) == 0 {
		return fmt.Errorf("add user %s to group %s: %w", user, g.ID, ErrNotFound)
	}
	b := &pgx.Batch{}
	b.Queue(`insert into channel_recipients (channel_id, user_id, nick) values ($1, $2, $3)`, g.ID, user, nick)
	b.Queue(`insert into read_states (user_id, type, entity_id, acked_id)
		select $2, $3, id, coalesce(last_message_id, 0) from channels where id = $1
		on conflict (user_id, type, entity_id) do update set acked_id = excluded.acked_id`, g.ID, user, discord.ReadChannel)
	if err := g.tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("add user %s to group %s: %w", user, g.ID, err)
	}
	for _, member := range g.Members {
		head := events.Header{Type: discord.EventChannelRecipientAdd, User: user}
		if err := g.tx.Emit(member, head, recipientEvent{g.ID, users[0], nick}); err != nil {
			return err
		}
	}
	g.Members = append(g.Members, user)
	if err := g.tell(ctx, discord.EventChannelCreate, user); err != nil {
		return err
	}
	return g.Announce(ctx, discord.MessageRecipientAdd, by, "", user)
}

// Remove takes somebody out of the group, who may be the one that does it; the group goes with the last. An owner's place
// is taken by who has been on the platform the longest.
func (g *Group) Remove(ctx context.Context, by, user snowflake.ID) error {
	gone, err := scanUser(g.tx.QueryRow(ctx, `select `+userColumns+` from users u where u.id = $1`, user))
	if err != nil {
		return fmt.Errorf("remove user %s from group %s: %w", user, g.ID, notFound(err))
	}
	if err := g.tell(ctx, discord.EventChannelDelete, user); err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`delete from channel_recipients where channel_id = $1 and user_id = $2`, g.ID, user)
	b.Queue(`delete from channels c where id = $1 and not exists (select from channel_recipients where channel_id = c.id)`, g.ID)
	if err := g.tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("remove user %s from group %s: %w", user, g.ID, err)
	}
	var left []snowflake.ID
	for _, member := range g.Members {
		if member != user {
			left = append(left, member)
		}
	}
	if g.Members = left; len(left) == 0 {
		return nil
	}
	for _, member := range left {
		head := events.Header{Type: discord.EventChannelRecipientRemove, User: user}
		if err := g.tx.Emit(member, head, recipientEvent{ChannelID: g.ID, User: gone}); err != nil {
			return err
		}
	}
	if err := g.Announce(ctx, discord.MessageRecipientRemove, by, "", user); err != nil {
		return err
	}
	if *g.OwnerID != user {
		return nil
	}
	if _, err := g.tx.Exec(ctx, `update channels set owner_id = $2 where id = $1`, g.ID, left[0]); err != nil {
		return fmt.Errorf("pass on group %s: %w", g.ID, err)
	}
	return g.tell(ctx, discord.EventChannelUpdate, left...)
}

// Announce posts a message of the platform's to the group, about some users.
func (g *Group) Announce(ctx context.Context, kind discord.MessageType, by snowflake.ID, content string, about ...snowflake.ID) error {
	users, err := collect(ctx, g.tx, scanUser, `select `+userColumns+` from users u where u.id = any($1)`,
		append([]snowflake.ID{by}, about...))
	if err != nil {
		return fmt.Errorf("announce in group %s: %w", g.ID, err)
	}
	id := g.tx.NewID()
	m := discord.Message{
		ID: id, ChannelID: g.ID, Type: kind, Content: content, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
	}
	for _, u := range users {
		if u.ID == by {
			m.Author = u
		}
		for _, one := range about {
			if u.ID == one {
				m.Mentions = append(m.Mentions, discord.Mention{User: u})
			}
		}
	}
	if err := g.tx.InsertMessage(ctx, nil, m); err != nil {
		return err
	}
	event := discord.MessageEvent{Message: m, ChannelType: discord.ChannelGroupDM}
	for _, member := range g.Members {
		if err := g.tx.Emit(member, events.Header{Type: discord.EventMessageCreate, User: by, Mentions: about}, event); err != nil {
			return err
		}
	}
	return nil
}

// GroupView returns a group as one of its members sees it.
func (tx *Tx) GroupView(ctx context.Context, id, member snowflake.ID) (discord.Channel, error) {
	return tx.direct(ctx, id, member)
}

// CountBotGroups returns how many groups an application's bot has made that are still there.
func (tx *Tx) CountBotGroups(ctx context.Context, application snowflake.ID) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(*) from channels where application_id = $1 and type = $2`,
		application, discord.ChannelGroupDM).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count groups of application %s: %w", application, err)
	}
	return n, nil
}
