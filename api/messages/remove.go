package messages

import (
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// remove deletes a message: its author may, and who may manage messages.
// https://discord.com/developers/docs/resources/message#delete-message
func (h *Handlers) remove(c *call.Call) error {
	room, id, err := h.place(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		m, err := tx.HoldMessage(ctx, room.Channel.ID, id)
		if err != nil {
			return posting.UnknownMessage(err)
		}
		own := m.Author.ID == c.Caller.UserID
		if !own {
			if err := room.Need(permissions.ManageMessages); err != nil {
				return err
			}
		}
		if !m.Type.Deletable() {
			return discord.ErrSystemMessage
		}
		if _, err := tx.DeleteMessages(ctx, room.Channel.ID, c.Caller.UserID, id); err != nil {
			return err
		}
		event := discord.MessageDeleteEvent{ID: id, ChannelID: room.Channel.ID, GuildID: room.GuildID()}
		if err := room.Emit(tx, events.Header{Type: discord.EventMessageDelete}, event); err != nil || own {
			return err
		}
		return record(c, tx, room, discord.AuditMessageDelete, m.Author.ID, 1)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// record writes a deletion of others' messages into the audit log.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-optional-audit-entry-info
func record(c *call.Call, tx *store.Tx, room *access.Room, action discord.AuditAction, target snowflake.ID, count int) error {
	entry, err := audit.Entry(c, action, target)
	if err != nil {
		return err
	}
	entry.Options = map[string]string{"count": strconv.Itoa(count)}
	if action == discord.AuditMessageDelete {
		entry.Options["channel_id"] = room.Channel.ID.String()
	}
	return tx.Audit(c.Request.Context(), room.Guild.Guild.ID, entry)
}

const (
	minBulk = 2
	maxBulk = 100
	// bulkAge is how old a message may be to be deleted with others.
	bulkAge = 14 * 24 * time.Hour
)

// removeMany deletes several messages of a guild channel with one event. Ids of no message count, but do nothing.
// https://discord.com/developers/docs/resources/message#bulk-delete-messages
func (h *Handlers) removeMany(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if room.Direct() {
		return discord.ErrOnDM
	}
	if err := room.Need(permissions.ManageMessages); err != nil {
		return err
	}
	ids, err := bulkIDs(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		gone, err := tx.DeleteMessages(ctx, room.Channel.ID, c.Caller.UserID, ids...)
		if err != nil || len(gone) == 0 {
			return err
		}
		event := discord.MessageDeleteBulkEvent{IDs: gone, ChannelID: room.Channel.ID, GuildID: room.GuildID()}
		if err := room.Emit(tx, events.Header{Type: discord.EventMessageDeleteBulk}, event); err != nil {
			return err
		}
		return record(c, tx, room, discord.AuditMessageBulkDelete, room.Channel.ID, len(gone))
	})
	if err != nil {
		return err
	}
	return c.Done()
}

func bulkIDs(c *call.Call) ([]snowflake.ID, error) {
	var body struct {
		Messages []snowflake.ID `json:"messages"`
	}
	if err := c.Bind(&body); err != nil {
		return nil, err
	}
	if len(body.Messages) < minBulk || len(body.Messages) > maxBulk {
		return nil, discord.ErrBulkDeleteCount
	}
	oldest := snowflake.FromTime(time.Now().Add(-bulkAge))
	seen := make(map[snowflake.ID]bool, len(body.Messages))
	var p form.Problems
	for i, id := range body.Messages {
		if seen[id] {
			p.Add(form.At("messages", i), "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
		}
		seen[id] = true
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	for _, id := range body.Messages {
		if id < oldest {
			return nil, discord.ErrTooOldToDelete
		}
	}
	return body.Messages, nil
}
