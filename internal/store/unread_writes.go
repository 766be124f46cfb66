package store

import (
	"slices"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// queueUnread writes what new messages mean to read states: whom they call, each person, role or everybody one row, and that
// people have read as far as they have written. It has to come after the channels are locked: so does everybody.
func queueUnread(b *pgx.Batch, inserts []messageInsert) {
	var targets, messages, channels []snowflake.ID
	type place struct{ user, channel snowflake.ID }
	written := map[place]snowflake.ID{}
	for _, m := range inserts {
		if m.WebhookID == nil && !m.Author.Bot {
			at := place{m.Author.ID, m.ChannelID}
			written[at] = max(written[at], m.ID)
		}
		for _, target := range targetsOf(m) {
			targets, messages, channels = append(targets, target), append(messages, m.ID), append(channels, m.ChannelID)
		}
	}
	if len(targets) > 0 {
		b.Queue(`insert into message_mentions (target_id, message_id, channel_id)
			select * from unnest($1::bigint[], $2::bigint[], $3::bigint[])`, targets, messages, channels)
	}
	if len(written) == 0 {
		return
	}
	users, places, acked := make([]snowflake.ID, 0, len(written)), make([]snowflake.ID, 0, len(written)), make([]snowflake.ID, 0, len(written))
	for at, last := range written {
		users, places, acked = append(users, at.user), append(places, at.channel), append(acked, last)
	}
	// In an order, so that two batches can't wait for each other. An account that is gone by now has no read state.
	b.Queue(`insert into read_states as r (user_id, type, entity_id, acked_id)
		select w.user_id, $4, w.channel_id, w.acked_id
		from unnest($1::bigint[], $2::bigint[], $3::bigint[]) w (user_id, channel_id, acked_id) join users u on u.id = w.user_id
		order by w.user_id, w.channel_id
		on conflict (user_id, type, entity_id) do update set acked_id = greatest(r.acked_id, excluded.acked_id)`,
		users, places, acked, discord.ReadChannel)
}

// targetsOf lists whom a message in a guild calls, each once. In a DM every message counts, so nobody is listed.
func targetsOf(m messageInsert) []snowflake.ID {
	if m.GuildID == nil {
		return nil
	}
	var targets []snowflake.ID
	add := func(id snowflake.ID) {
		if !slices.Contains(targets, id) {
			targets = append(targets, id)
		}
	}
	for _, u := range m.Mentions {
		if !u.Bot && u.ID != m.Author.ID {
			add(u.ID)
		}
	}
	for _, role := range m.MentionRoles {
		add(role)
	}
	if m.MentionEveryone {
		add(*m.GuildID)
	}
	return targets
}
