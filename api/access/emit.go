package access

import (
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// GuildID is the guild that the room is in, nil for a DM: the guild_id of its events.
func (r *Room) GuildID() *snowflake.ID {
	if r.Direct() {
		return nil
	}
	return &r.Guild.Guild.ID
}

// Header completes the header of an event of the room: in a guild it is for those who may view the channel.
func (r *Room) Header(head events.Header) events.Header {
	if !r.Direct() {
		head.Guild, head.Channel = r.Guild.Guild.ID, r.Channel.ID
	}
	if r.Thread != nil {
		head.Thread = r.Thread.Head()
	}
	return head
}

// Emit adds an event of the room: to the guild's log, or to the log of everybody who is in the DM.
func (r *Room) Emit(tx *store.Tx, head events.Header, data any) error {
	head = r.Header(head)
	if !r.Direct() {
		return tx.Emit(head.Guild, head, data)
	}
	for _, recipient := range r.Recipients {
		if err := tx.Emit(recipient, head, data); err != nil {
			return err
		}
	}
	return nil
}
