package ready

import (
	"encoding/json"
	"strconv"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ChunkSize is how many members a GUILD_MEMBERS_CHUNK has at most.
const ChunkSize = 1000

// Chunk is one part of the answer to a request for members.
// https://discord.com/developers/docs/events/gateway-events#guild-members-chunk
type Chunk struct {
	Guild        snowflake.ID
	Members      []json.RawMessage
	Index, Count int
	NotFound     []string          // in the last chunk; nil: left out
	Presences    []json.RawMessage // nil: left out
	Nonce        string            // empty: left out
}

// JSON returns the chunk's payload.
func (c Chunk) JSON() json.RawMessage {
	size := 160
	for _, list := range [][]json.RawMessage{c.Members, c.Presences} {
		for _, item := range list {
			size += len(item) + 1
		}
	}
	data := make(json.RawMessage, 0, size)
	data = append(data, `{"guild_id":"`...)
	data = strconv.AppendUint(data, uint64(c.Guild), 10)
	data = append(data, `","members":`...)
	data = appendList(data, c.Members)
	data = append(data, `,"chunk_index":`...)
	data = strconv.AppendInt(data, int64(c.Index), 10)
	data = append(data, `,"chunk_count":`...)
	data = strconv.AppendInt(data, int64(c.Count), 10)
	if c.NotFound != nil {
		data = append(data, `,"not_found":`...)
		data = append(data, encode(c.NotFound)...)
	}
	if c.Presences != nil {
		data = append(data, `,"presences":`...)
		data = appendList(data, c.Presences)
	}
	if c.Nonce != "" {
		data = append(data, `,"nonce":`...)
		data = append(data, encode(c.Nonce)...)
	}
	return append(data, '}')
}

// encode marshals what always can be: strings.
func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}
