package readstates

import (
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// clockSkew is how far ahead of this process's clock the id of a message may be.
const clockSkew = time.Minute

// exists reports whether there can be a message of an id already: who read one to come would miss all until then.
func exists(id snowflake.ID) bool { return id.Time().Before(time.Now().Add(clockSkew)) }

// message notes that the caller has read a channel as far as a message; manually, also back to an earlier one.
func (h *Handlers) message(c *call.Call) error {
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return err
	}
	var body struct {
		Manual     form.Bool             `json:"manual"`
		Flags      form.Int              `json:"flags"`
		LastViewed form.Field[*form.Int] `json:"last_viewed"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Range("flags", int64(body.Flags), 0, 1<<31-1)
	ack := store.Ack{Type: discord.ReadChannel, ID: channel, Acked: id, Flags: int(body.Flags)}
	if days := body.LastViewed.Value; days != nil {
		p.Range("last_viewed", int64(*days), 0, 1<<31-1)
		n := int(*days)
		ack.LastViewed = &n
	}
	if err := p.Err(); err != nil {
		return err
	}
	if _, err := h.access.Room(c, channel); err != nil {
		return err
	}
	if !exists(id) {
		return discord.ErrUnknownMessage
	}
	if err := h.store.Ack(c.Request.Context(), c.Caller.UserID, []store.Ack{ack}, bool(body.Manual)); err != nil {
		return err
	}
	return c.OK(struct {
		Token *string `json:"token"`
	}{})
}

// forget makes as if the caller had never read the channel.
func (h *Handlers) forget(c *call.Call) error {
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	if err := h.store.ForgetReadState(c.Request.Context(), c.Caller.UserID, channel); err != nil {
		return err
	}
	return c.Done()
}

// pins notes that the caller has seen a channel's pins.
func (h *Handlers) pins(c *call.Call) error {
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	if _, err := h.access.Room(c, channel); err != nil {
		return err
	}
	if err := h.store.AckPins(c.Request.Context(), c.Caller.UserID, channel); err != nil {
		return err
	}
	return c.Done()
}

// maxAcks is how many read states one request moves.
const maxAcks = 100

// bulk notes that the caller has read several things. What the caller has no part in is left out.
func (h *Handlers) bulk(c *call.Call) error {
	var body struct {
		ReadStates []struct {
			Type    form.Int     `json:"read_state_type"`
			Channel snowflake.ID `json:"channel_id"` // or what else it is of
			Message snowflake.ID `json:"message_id"`
		} `json:"read_states"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Max("read_states", len(body.ReadStates), maxAcks)
	var acks []store.Ack
	for i, one := range body.ReadStates[:min(len(body.ReadStates), maxAcks)] {
		kind := discord.ReadStateType(one.Type)
		if kind < discord.ReadChannel || kind > discord.ReadMessageRequests {
			p.Add(form.At("read_states", i, "read_state_type"), "BASE_TYPE_CHOICES", "Value must be one of {0, 1, 2, 3, 4, 5}.")
		}
		if one.Channel == 0 {
			p.Required(form.At("read_states", i, "channel_id"))
		}
		if one.Message == 0 {
			p.Required(form.At("read_states", i, "message_id"))
		}
		if exists(one.Message) {
			acks = append(acks, store.Ack{Type: kind, ID: one.Channel, Acked: one.Message})
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	if err := h.store.Ack(c.Request.Context(), c.Caller.UserID, acks, false); err != nil {
		return err
	}
	return c.Done()
}

// guildFeature notes that the caller has seen something of a guild that is no channel.
func (h *Handlers) guildFeature(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	if _, err := h.access.Enter(c, guild); err != nil {
		return err
	}
	return h.feature(c, guild, discord.ReadGuildEvent, discord.ReadGuildHome, discord.ReadGuildOnboarding)
}

// userFeature notes that the caller has seen something that is in no guild.
func (h *Handlers) userFeature(c *call.Call) error {
	return h.feature(c, c.Caller.UserID, discord.ReadNotificationCenter, discord.ReadMessageRequests)
}

func (h *Handlers) feature(c *call.Call, of snowflake.ID, kinds ...discord.ReadStateType) error {
	entity, err := c.ID("entity_id", discord.ErrNotFound)
	if err != nil {
		return err
	}
	for _, kind := range kinds {
		if c.Param("ack_type") != strconv.Itoa(int(kind)) {
			continue
		}
		ack := store.Ack{Type: kind, ID: of, Acked: entity}
		if err := h.store.Ack(c.Request.Context(), c.Caller.UserID, []store.Ack{ack}, false); err != nil {
			return err
		}
		return c.Done()
	}
	return discord.ErrNotFound
}
