package access

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// MayMessage checks that the caller may write to the other in a DM: neither has blocked the other, and the other takes
// messages from the caller, as a friend or as a member of a common guild. In a group, and in a guild, everybody may.
func (a *Access) MayMessage(c *call.Call, room *Room) error {
	if room.Channel.Type != discord.ChannelDM || len(room.Recipients) < 2 {
		return nil
	}
	between, err := a.store.Acquaintance(c.Request.Context(), c.Caller.UserID, room.Recipients[1])
	if err != nil {
		return err
	}
	withBot := c.Caller.Bot || room.Channel.Recipients[0].Bot
	switch {
	case between.Blocked:
	case between.Friends, between.OpenGuild, withBot && !between.CommonGuild:
		return nil
	}
	return discord.ErrCannotDM
}
