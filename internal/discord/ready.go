package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Ready is the READY of a bot; a user's has more around it.
// https://discord.com/developers/docs/events/gateway-events#ready
type Ready struct {
	Version          int                `json:"v"`
	User             SelfUser           `json:"user"`
	Guilds           []UnavailableGuild `json:"guilds"`
	SessionID        string             `json:"session_id"`
	ResumeGatewayURL string             `json:"resume_gateway_url"`
	Shard            *[2]int            `json:"shard,omitempty"`
	Application      *ReadyApplication  `json:"application,omitempty"`
	PrivateChannels  []Channel          `json:"private_channels"`
	Trace            []string           `json:"_trace"`
}

// MembersChunk is the payload of GUILD_MEMBERS_CHUNK.
// https://discord.com/developers/docs/events/gateway-events#guild-members-chunk
type MembersChunk struct {
	GuildID    snowflake.ID `json:"guild_id"`
	Members    []Member     `json:"members"`
	ChunkIndex int          `json:"chunk_index"`
	ChunkCount int          `json:"chunk_count"`
	NotFound   []string     `json:"not_found,omitempty"`
	Presences  []any        `json:"presences,omitempty"`
	Nonce      string       `json:"nonce,omitempty"`
}
