package ready

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Shared returns what GUILD_CREATE says to every member, as a JSON object, from the guild object and the channels. Every
// channel is in it, visible to the member or not, as Discord has it. Lists that are out of scope are empty.
// https://discord.com/developers/docs/events/gateway-events#guild-create
func Shared(guild []byte, channels [][]byte) []byte {
	const rest = `,"voice_states":[],"stage_instances":[],"soundboard_sounds":[],"channels":[`
	size := len(guild) + len(rest) + 2
	for _, c := range channels {
		size += len(c) + 1
	}
	data := make([]byte, 0, size)
	data = append(data, guild[:len(guild)-1]...) // without the closing brace
	data = append(data, rest...)
	data = append(data, bytes.Join(channels, []byte{','})...)
	return append(data, "]}"...)
}

// SharedWithProperties is Shared for clients with discord.CapClientState: the guild's own columns are in "properties", and
// what else there is of a guild is beside them.
func SharedWithProperties(guild []byte, channels [][]byte) ([]byte, error) {
	var columns map[string]json.RawMessage
	if err := json.Unmarshal(guild, &columns); err != nil {
		return nil, fmt.Errorf("take guild apart: %w", err)
	}
	data := append([]byte(`{"id":`), columns["id"]...)
	data = append(data, `,"data_mode":"full"`...)
	for _, key := range []string{"roles", "emojis", "stickers", "premium_subscription_count"} {
		if column, is := columns[key]; is {
			data = append(data, `,"`+key+`":`...)
			data = append(data, column...)
			delete(columns, key)
		}
	}
	properties, err := json.Marshal(columns)
	if err != nil {
		return nil, fmt.Errorf("encode properties: %w", err)
	}
	data = append(data, `,"properties":`...)
	data = append(data, properties...)
	return Shared(append(data, '}'), channels), nil
}

// Lists is whom GUILD_CREATE lists: the items of JSON arrays, with commas in between.
type Lists struct {
	Own       []byte // the member itself, if it is not among Members
	Members   []byte
	Presences []byte
}

const listKeys = `"members":[,],"presences":[],`

func (l Lists) size() int { return len(listKeys) + len(l.Own) + len(l.Members) + len(l.Presences) }

// append appends the keys, and a comma.
func (l Lists) append(data []byte) []byte {
	data = append(data, `"members":[`...)
	data = append(data, l.Own...)
	if len(l.Own) > 0 && len(l.Members) > 0 {
		data = append(data, ',')
	}
	data = append(data, l.Members...)
	data = append(data, `],"presences":[`...)
	data = append(data, l.Presences...)
	return append(data, `],`...)
}

// With returns what is shared by those who are listed the same, too.
func (l Lists) With(shared []byte) []byte {
	data := append(make([]byte, 0, l.size()+len(shared)), '{')
	return append(l.append(data), shared[1:]...)
}

// Personal is what GUILD_CREATE says to one member, besides what is shared.
type Personal struct {
	JoinedAt []byte
	// Joined leaves "unavailable" out: by that libraries tell a guild that was joined just now from one that READY announced.
	Joined      bool
	MemberCount int
	Large       bool
	Lists       *Lists // nil: they are shared
	// Items of JSON arrays.
	Threads, Scheduled []byte
}

// JSON returns the personal part as a JSON object, whose keys are none of the shared part's.
func (p Personal) JSON() json.RawMessage {
	const keys = 160
	size := keys + len(p.JoinedAt) + len(p.Threads) + len(p.Scheduled)
	if p.Lists != nil {
		size += p.Lists.size()
	}
	data := make(json.RawMessage, 0, size)
	data = append(data, `{"joined_at":`...)
	data = append(data, p.JoinedAt...)
	if !p.Joined {
		data = append(data, `,"unavailable":false`...)
	}
	data = append(data, `,"member_count":`...)
	data = strconv.AppendInt(data, int64(p.MemberCount), 10)
	data = append(data, `,"large":`...)
	data = strconv.AppendBool(data, p.Large)
	data = append(data, ',')
	if p.Lists != nil {
		data = p.Lists.append(data)
	}
	data = append(data, `"threads":[`...)
	data = append(data, p.Threads...)
	data = append(data, `],"guild_scheduled_events":[`...)
	data = append(data, p.Scheduled...)
	return append(data, `]}`...)
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
