package discord

// Opcode is the op of a gateway frame.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes
type Opcode int

// Gateway opcodes. Those from 12 up are used by user clients only.
const (
	OpDispatch               Opcode = 0
	OpHeartbeat              Opcode = 1
	OpIdentify               Opcode = 2
	OpPresenceUpdate         Opcode = 3
	OpVoiceStateUpdate       Opcode = 4
	OpVoiceServerPing        Opcode = 5
	OpResume                 Opcode = 6
	OpReconnect              Opcode = 7
	OpRequestGuildMembers    Opcode = 8
	OpInvalidSession         Opcode = 9
	OpHello                  Opcode = 10
	OpHeartbeatACK           Opcode = 11
	OpGuildSync              Opcode = 12
	OpCallConnect            Opcode = 13
	OpGuildSubscriptions     Opcode = 14
	OpRequestSoundboard      Opcode = 31
	OpGuildSubscriptionsBulk Opcode = 37
	OpQoSHeartbeat           Opcode = 40
	OpTimeSpentSession       Opcode = 41
	OpRequestChannelInfo     Opcode = 43
)

// CloseCode ends a gateway connection.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
type CloseCode int

// Close codes, each with its reason as sent.
const (
	CloseUnknownError         CloseCode = 4000
	CloseUnknownOpcode        CloseCode = 4001
	CloseDecodeError          CloseCode = 4002
	CloseNotAuthenticated     CloseCode = 4003
	CloseAuthenticationFailed CloseCode = 4004
	CloseAlreadyAuthenticated CloseCode = 4005
	CloseInvalidSeq           CloseCode = 4007
	CloseRateLimited          CloseCode = 4008
	CloseSessionTimedOut      CloseCode = 4009
	CloseInvalidShard         CloseCode = 4010
	CloseShardingRequired     CloseCode = 4011
	CloseInvalidAPIVersion    CloseCode = 4012
	CloseInvalidIntents       CloseCode = 4013
	CloseDisallowedIntents    CloseCode = 4014
	CloseTooManySessions      CloseCode = 4015
)

var closeReasons = map[CloseCode]string{
	CloseUnknownError:         "Unknown error.",
	CloseUnknownOpcode:        "Unknown opcode.",
	CloseDecodeError:          "Error while decoding payload.",
	CloseNotAuthenticated:     "Not authenticated.",
	CloseAuthenticationFailed: "Authentication failed.",
	CloseAlreadyAuthenticated: "Already authenticated.",
	CloseInvalidSeq:           "Invalid sequence.",
	CloseRateLimited:          "Rate limited.",
	CloseSessionTimedOut:      "Session timed out.",
	CloseInvalidShard:         "Invalid shard.",
	CloseShardingRequired:     "Sharding required.",
	CloseInvalidAPIVersion:    "Invalid API version.",
	CloseInvalidIntents:       "Invalid intent(s).",
	CloseDisallowedIntents:    "Disallowed intent(s).",
	CloseTooManySessions:      "Too many sessions.",
}

// Reason is the text that goes with the code in the close frame.
func (c CloseCode) Reason() string { return closeReasons[c] }

// Hello is the d of op 10.
type Hello struct {
	HeartbeatInterval int64    `json:"heartbeat_interval"` // milliseconds
	Trace             []string `json:"_trace"`
}

// GatewayInfo answers GET /gateway.
type GatewayInfo struct {
	URL string `json:"url"`
}

// GatewayBotInfo answers GET /gateway/bot.
// https://discord.com/developers/docs/events/gateway#get-gateway-bot
type GatewayBotInfo struct {
	URL               string            `json:"url"`
	Shards            int               `json:"shards"`
	SessionStartLimit SessionStartLimit `json:"session_start_limit"`
}

// SessionStartLimit says how many sessions a bot may still start.
type SessionStartLimit struct {
	Total          int   `json:"total"`
	Remaining      int   `json:"remaining"`
	ResetAfter     int64 `json:"reset_after"` // milliseconds
	MaxConcurrency int   `json:"max_concurrency"`
}
