package posting

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/links"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// unfurls reports whether the links of a message are to become embeds, which is done after it has been sent (package unfurl).
func unfurls(room *access.Room, m *discord.Message) bool {
	return m.Flags&discord.MessageFlagSuppressEmbeds == 0 && room.Here.Has(permissions.EmbedLinks) &&
		len(links.Find(m.Content)) > 0
}

// relink has the links of an edited message looked up again if that may change its embeds. Where there are none to be, those
// that were made of links go.
func relink(room *access.Room, was, m *discord.Message) {
	const flag = discord.MessageFlagSuppressEmbeds
	if was.Content == m.Content && was.Flags&flag == m.Flags&flag && len(was.Embeds) == len(m.Embeds) {
		return
	}
	if m.Unfurl = unfurls(room, m); !m.Unfurl {
		m.Embeds = slices.DeleteFunc(slices.Clone(m.Embeds), discord.Embed.Generated)
	}
}
