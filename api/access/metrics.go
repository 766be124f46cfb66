package access

import "guildhall.chat/guildhall/internal/metrics"

var (
	guildLookups   = metrics.NewCache("guilds")
	memberLookups  = metrics.NewCache("members")
	channelLookups = metrics.NewCache("channels")
)
