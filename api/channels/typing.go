package channels

import (
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// typing tells who sees the channel that the caller is writing. It is not kept: who isn't connected never hears of it.
// https://discord.com/developers/docs/resources/channel#trigger-typing-indicator
func (h *Handlers) typing(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if !room.Channel.Type.HasMessages() {
		return discord.ErrNotText
	}
	if err := room.Need(permissions.ToSend(int(room.Channel.Type))); err != nil {
		return err
	}
	evs, err := h.typingEvents(c, room)
	if err != nil {
		return err
	}
	for _, e := range evs {
		if err := h.ephemeral.Ephemeral(c.Request.Context(), e); err != nil {
			c.Logger.Warn("typing not sent", "channel", id, "error", err)
		}
	}
	return h.typed(c, room)
}

// cooldown is what who types in a slow channel is told.
type cooldown struct {
	Message int64 `json:"message_send_cooldown_ms"`
	Thread  int64 `json:"thread_create_cooldown_ms"`
}

// typed answers: with nothing, or with how long the caller still has to wait before what is typed can be sent.
// https://docs.discord.food/resources/channel#trigger-typing-indicator
func (h *Handlers) typed(c *call.Call, room *access.Room) error {
	if h.slowmode == nil {
		return c.Done()
	}
	message, thread := h.slowmode.Left(c, room, slowmode.Message), h.slowmode.Left(c, room, slowmode.Thread)
	if message == 0 && thread == 0 {
		return c.Done()
	}
	return c.OK(cooldown{message.Milliseconds(), thread.Milliseconds()})
}

// typingEvents is one event of the guild, or one for each of the others in a DM.
func (h *Handlers) typingEvents(c *call.Call, room *access.Room) ([]events.Event, error) {
	channel, user := room.Channel.ID, c.Caller.UserID
	data := discord.TypingEvent{ChannelID: channel, UserID: user, Timestamp: time.Now().Unix()}
	head := room.Header(events.Header{Type: discord.EventTypingStart, User: user})
	var logs []snowflake.ID
	if room.Direct() {
		logs = room.Recipients[1:] // the caller is the first
	} else {
		guild := room.Guild.Guild.ID
		member, err := h.store.Member(c.Request.Context(), guild, user)
		if err != nil {
			return nil, err
		}
		data.GuildID, data.Member = &guild, &member
		logs = []snowflake.ID{guild}
	}
	evs := make([]events.Event, 0, len(logs))
	for _, log := range logs {
		e, err := events.New(log, head, data)
		if err != nil {
			return nil, err
		}
		evs = append(evs, e)
	}
	return evs, nil
}
