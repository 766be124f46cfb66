package ready

import (
	"encoding/json"
	"fmt"
	"strconv"

	"guildhall.chat/guildhall/internal/discord"
)

// gatewayGuild is the part of GUILD_CREATE that is the same for all members. Lists that are out of scope are empty.
// https://discord.com/developers/docs/events/gateway-events#guild-create
type gatewayGuild struct {
	discord.Guild
	Unavailable     bool              `json:"unavailable"`
	MemberCount     int               `json:"member_count"`
	Channels        []discord.Channel `json:"channels"`
	Threads         []struct{}        `json:"threads"`
	VoiceStates     []struct{}        `json:"voice_states"`
	StageInstances  []struct{}        `json:"stage_instances"`
	ScheduledEvents []struct{}        `json:"guild_scheduled_events"`
	SoundboardSound []struct{}        `json:"soundboard_sounds"`
}

// Shared returns what GUILD_CREATE says to every member: a JSON object for Guild. Every channel is in it, visible to the
// member or not, as Discord has it.
func Shared(g discord.Guild, channels []discord.Channel, memberCount int) (json.RawMessage, error) {
	data, err := json.Marshal(gatewayGuild{
		Guild: g, MemberCount: memberCount, Channels: channels,
		Threads: []struct{}{}, VoiceStates: []struct{}{}, StageInstances: []struct{}{},
		ScheduledEvents: []struct{}{}, SoundboardSound: []struct{}{},
	})
	if err != nil {
		return nil, fmt.Errorf("encode guild %s: %w", g.ID, err)
	}
	return data, nil
}

// Personal is what GUILD_CREATE says to one member.
type Personal struct {
	JoinedAt  json.RawMessage
	Large     bool
	Members   []json.RawMessage
	Presences []json.RawMessage
}

// Guild returns a whole GUILD_CREATE: shared with the personal part added.
func Guild(shared json.RawMessage, p Personal) json.RawMessage {
	size := len(shared) + len(p.JoinedAt) + 80
	for _, list := range [][]json.RawMessage{p.Members, p.Presences} {
		for _, item := range list {
			size += len(item) + 1
		}
	}
	data := make(json.RawMessage, 0, size)
	data = append(data, shared[:len(shared)-1]...) // without the closing brace
	data = append(data, `,"joined_at":`...)
	data = append(data, p.JoinedAt...)
	data = append(data, `,"large":`...)
	data = strconv.AppendBool(data, p.Large)
	data = append(data, `,"members":`...)
	data = appendList(data, p.Members)
	data = append(data, `,"presences":`...)
	data = appendList(data, p.Presences)
	return append(data, '}')
}

func appendList(data []byte, items []json.RawMessage) []byte {
	data = append(data, '[')
	for i, item := range items {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, item...)
	}
	return append(data, ']')
}
