package admin

import (
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// mostOpen is how many reports a user may have open.
const mostOpen = 50

// report tells the administrators of a message that the caller can read, or of a user.
func (h *Handlers) report(c *call.Call) error {
	var body struct {
		UserID    snowflake.ID `json:"user_id"`
		ChannelID snowflake.ID `json:"channel_id"`
		MessageID snowflake.ID `json:"message_id"`
		Reason    string       `json:"reason"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("reason", body.Reason, 1, maxText)
	switch {
	case body.MessageID != 0 && body.ChannelID == 0:
		p.Required("channel_id")
	case body.MessageID == 0 && body.UserID == 0:
		p.Required("user_id")
	}
	if err := p.Err(); err != nil {
		return err
	}
	report := store.Report{ReporterID: c.Caller.UserID, UserID: body.UserID, Reason: body.Reason}
	var err error
	if body.MessageID != 0 {
		err = h.describeMessage(c, &report, body.ChannelID, body.MessageID)
	} else {
		_, err = h.service.User(c.Request.Context(), body.UserID)
		err = known(err, discord.ErrUnknownUser)
	}
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.service.Change(ctx, func(tx *store.Tx) (err error) {
		report.ID, err = tx.CreateReport(ctx, report, mostOpen)
		return err
	})
	if errors.Is(err, store.ErrTooManyReports) {
		return discord.ErrTooManyReports
	}
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, struct {
		ID snowflake.ID `json:"id"`
	}{report.ID})
}

// describeMessage fills in a message, as it is now.
func (h *Handlers) describeMessage(c *call.Call, r *store.Report, channel, message snowflake.ID) error {
	room, err := h.access.Room(c, channel)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	m, err := h.service.Message(c.Request.Context(), channel, message, c.Caller.UserID)
	if err != nil {
		return known(err, discord.ErrUnknownMessage)
	}
	r.UserID, r.ChannelID, r.MessageID, r.Content = m.Author.ID, &channel, &message, &m.Content
	if !room.Direct() {
		guild := room.Guild.Guild.ID
		r.GuildID = &guild
	}
	return nil
}

func (h *Handlers) reports(c *call.Call) error {
	after, limit, err := page(c)
	if err != nil {
		return err
	}
	found, err := h.service.Reports(c.Request.Context(), !c.QueryBool("closed"), after, limit)
	return list(c, found, err)
}

func (h *Handlers) closeReport(c *call.Call) error {
	id, err := c.ID("report_id", discord.ErrUnknownReport)
	if err != nil {
		return err
	}
	var body struct {
		Resolution string `json:"resolution"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("resolution", body.Resolution, 1, maxText)
	if err := p.Err(); err != nil {
		return err
	}
	by := c.Caller.UserID
	if err := h.service.CloseReport(c.Request.Context(), id, &by, body.Resolution); err != nil {
		return known(err, discord.ErrUnknownReport)
	}
	return c.Done()
}
