package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Ack says that a user has read something as far as Acked.
type Ack struct {
	Type       discord.ReadStateType
	ID         snowflake.ID // of the channel, guild or user
	Acked      snowflake.ID
	Flags      int  // 0: as they were
	LastViewed *int // nil: as it was
}

// Ack notes what a user has read, and tells the user's sessions. Of what the user has no part in, nothing is noted. Nobody
// reads backwards, unless that is what was meant: manual.
func (s *Store) Ack(ctx context.Context, user snowflake.ID, acks []Ack, manual bool) error {
	return s.Change(ctx, func(tx *Tx) error {
		written, err := tx.writeAcks(ctx, user, acks, manual)
		if err != nil {
			return err
		}
		channels := []snowflake.ID{}
		for _, w := range written {
			if w.Type == discord.ReadChannel {
				channels = append(channels, w.ID)
			}
		}
		counts := unread{}
		if len(channels) > 0 {
			b := &pgx.Batch{}
			counts.queue(b, user, channels)
			if err := tx.SendBatch(ctx, b).Close(); err != nil {
				return fmt.Errorf("count what user %s has not read: %w", user, err)
			}
		}
		for _, w := range written {
			if err := tx.emitAck(user, w, counts[w.ID], manual); err != nil {
				return err
			}
		}
		return nil
	})
}

// writtenAck is an Ack as it was noted.
type writtenAck struct {
	Ack
	version int64
}

func (tx *Tx) writeAcks(ctx context.Context, user snowflake.ID, acks []Ack, manual bool) ([]writtenAck, error) {
	var types, flags []int
	var ids, acked []snowflake.ID
	var viewed []*int
	for _, a := range acks {
		types, flags, ids = append(types, int(a.Type)), append(flags, a.Flags), append(ids, a.ID)
		acked, viewed = append(acked, a.Acked), append(viewed, a.LastViewed)
	}
	scan := func(row pgx.Row) (w writtenAck, err error) {
		err = row.Scan(&w.Type, &w.ID, &w.Acked, &w.Flags, &w.LastViewed, &w.version)
		return w, err
	}
	written, err := collect(ctx, tx, scan, `
		with sent as (select distinct on (type, id) *
			from unnest($2::int[], $3::bigint[], $4::bigint[], $5::int[], $6::int[]) s (type, id, acked_id, flags, last_viewed)
			order by type, id, acked_id desc)
		insert into read_states as r (user_id, type, entity_id, acked_id, flags, last_viewed)
		select $1, type, id, acked_id, flags, last_viewed from sent s
		where case
			when type = 0 then exists (select from `+places+` c where c.id = s.id and (
				exists (select from members m where m.guild_id = c.guild_id and m.user_id = $1) or
				exists (select from channel_recipients cr where cr.channel_id = c.id and cr.user_id = $1)))
			when type in (1, 3, 4) then exists (select from members m where m.guild_id = s.id and m.user_id = $1)
			else s.id = $1 end
		order by type, id
		on conflict (user_id, type, entity_id) do update set acked_id = excluded.acked_id,
			flags = case when excluded.flags = 0 then r.flags else excluded.flags end,
			last_viewed = coalesce(excluded.last_viewed, r.last_viewed), version = nextval('kept_version')
		where $7 or excluded.acked_id > r.acked_id
		returning type, entity_id, acked_id, flags, last_viewed, version`,
		user, types, ids, acked, flags, viewed, manual)
	if err != nil {
		return nil, fmt.Errorf("ack of user %s: %w", user, err)
	}
	return written, nil
}

func (tx *Tx) emitAck(user snowflake.ID, w writtenAck, mentions int, manual bool) error {
	switch w.Type {
	case discord.ReadChannel:
		return tx.Emit(user, events.Header{Type: discord.EventMessageAck, User: user}, discord.MessageAckEvent{
			ChannelID: w.ID, MessageID: w.Acked, Manual: manual, Mentions: mentions, Flags: w.Flags,
			LastViewed: w.LastViewed, Version: w.version,
		})
	case discord.ReadNotificationCenter, discord.ReadMessageRequests:
		return tx.Emit(user, events.Header{Type: discord.EventUserNonChannelAck, User: user},
			discord.AckEvent{ResourceID: w.ID, EntityID: w.Acked, AckType: w.Type, Version: w.version})
	}
	return tx.Emit(user, events.Header{Type: discord.EventGuildFeatureAck, User: user},
		discord.AckEvent{ResourceID: w.ID, EntityID: w.Acked, AckType: w.Type, Version: w.version})
}

// AckPins notes that a user has seen a channel's pins.
func (s *Store) AckPins(ctx context.Context, user, channel snowflake.ID) error {
	return s.Change(ctx, func(tx *Tx) error {
		var seen *time.Time
		var version int64
		err := tx.QueryRow(ctx, `insert into read_states (user_id, type, entity_id, pins_at)
			select $1, $3, id, last_pin_at from `+places+` c where id = $2
			on conflict (user_id, type, entity_id) do update set pins_at = excluded.pins_at, version = nextval('kept_version')
			returning pins_at, version`, user, channel, discord.ReadChannel).Scan(&seen, &version)
		if err != nil {
			return fmt.Errorf("ack pins of channel %s: %w", channel, notFound(err))
		}
		return tx.Emit(user, events.Header{Type: discord.EventChannelPinsAck, User: user},
			discord.PinsAckEvent{ChannelID: channel, Timestamp: discord.AtOrNil(seen), Version: version})
	})
}

// ForgetReadState removes what is known of how far a user has read a channel.
func (s *Store) ForgetReadState(ctx context.Context, user, channel snowflake.ID) error {
	_, err := s.pool.Exec(ctx, `delete from read_states where user_id = $1 and type = $3 and entity_id = $2`,
		user, channel, discord.ReadChannel)
	if err != nil {
		return fmt.Errorf("forget read state of channel %s: %w", channel, err)
	}
	return nil
}
