package discord

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
