package settings

import (
	"encoding/json"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"guildhall.chat/guildhall/internal/snowflake"
)

// sourcesKind says who may ask for friendship: an object of flags in JSON, a bit set in a UInt32Value.
type sourcesKind struct{}

var friendSources sourcesKind

type sources struct {
	All     bool `json:"all"`
	Friends bool `json:"mutual_friends"`
	Guilds  bool `json:"mutual_guilds"`
}

const (
	sourceFriends = 1 << 1
	sourceGuilds  = 1 << 2
	sourceAnybody = 1 << 3
)

func (sourcesKind) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(s *sources) bool {
		s.Friends, s.Guilds = s.Friends || s.All, s.Guilds || s.All
		return true
	})
}

func (sourcesKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var s sources
	err := json.Unmarshal(value, &s)
	var bits uint64
	for bit, set := range map[uint64]bool{sourceFriends: s.Friends, sourceGuilds: s.Guilds, sourceAnybody: s.All} {
		if set {
			bits |= bit
		}
	}
	return message(number, varint(1, bits)), err
}

func (sourcesKind) decode(values []field) (json.RawMessage, error) {
	inner, err := unwrapped(lastOf(values))
	if err != nil {
		return nil, err
	}
	bits := inner.number64
	return json.Marshal(sources{
		All: bits&sourceAnybody != 0, Friends: bits&sourceFriends != 0, Guilds: bits&sourceGuilds != 0,
	})
}

// statusKind is what somebody has written beside its name; null: nothing.
type statusKind struct{}

var customStatus statusKind

type writtenStatus struct {
	Text    *string       `json:"text"`
	EmojiID *snowflake.ID `json:"emoji_id"`
	Emoji   *string       `json:"emoji_name"`
	Expires *time.Time    `json:"expires_at"`
}

func (statusKind) normal(value json.RawMessage) (json.RawMessage, error) {
	if string(value) == "null" {
		return value, nil
	}
	return read(value, func(s *writtenStatus) bool {
		return (s.Text == nil || utf8.RuneCountInString(*s.Text) <= maxText) &&
			(s.Emoji == nil || utf8.RuneCountInString(*s.Emoji) <= maxText)
	})
}

func (statusKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var s *writtenStatus
	if err := json.Unmarshal(value, &s); err != nil || s == nil {
		return nil, err
	}
	var inner []byte
	if s.Text != nil {
		inner = append(inner, message(1, []byte(*s.Text))...)
	}
	if s.EmojiID != nil {
		inner = append(inner, fixed(2, uint64(*s.EmojiID))...)
	}
	if s.Emoji != nil {
		inner = append(inner, message(3, []byte(*s.Emoji))...)
	}
	if s.Expires != nil {
		inner = append(inner, fixed(4, uint64(max(0, s.Expires.UnixMilli())))...)
	}
	return message(number, inner), nil
}

func fixed(number protowire.Number, v uint64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(nil, number, protowire.Fixed64Type), v)
}

func (k statusKind) decode(values []field) (json.RawMessage, error) {
	p, err := ReadProto(lastOf(values).bytes)
	if err != nil {
		return nil, err
	}
	var s writtenStatus
	s.Text, s.Emoji = p.text(1), p.text(3)
	if f, _ := p.last(2); f.number64 != 0 {
		if f.number64 > uint64(snowflake.Max) {
			return nil, ErrInvalid
		}
		id := snowflake.ID(f.number64)
		s.EmojiID = &id
	}
	if f, _ := p.last(4); f.number64 != 0 {
		const latest = 253402300799999 // the end of the year 9999
		if f.number64 > latest {
			return nil, ErrInvalid
		}
		at := time.UnixMilli(int64(f.number64)).UTC()
		s.Expires = &at
	}
	value, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return k.normal(value)
}

// text returns a text field, nil if it is not there or empty.
func (p Proto) text(number protowire.Number) *string {
	f, has := p.last(number)
	if !has || len(f.bytes) == 0 {
		return nil
	}
	s := string(f.bytes)
	return &s
}

// foldersKind is the list of guilds as its owner has sorted it. A guild that is in no folder is in one without an id.
type foldersKind struct{}

var folders foldersKind

type folder struct {
	GuildIDs []snowflake.ID `json:"guild_ids"`
	ID       *int64         `json:"id"`
	Name     *string        `json:"name"`
	Color    *uint64        `json:"color"`
}

func (foldersKind) normal(value json.RawMessage) (json.RawMessage, error) {
	return read(value, func(list *[]folder) bool {
		guilds := 0
		for i := range *list {
			f := &(*list)[i]
			if f.GuildIDs == nil {
				f.GuildIDs = []snowflake.ID{}
			}
			if f.Name != nil && utf8.RuneCountInString(*f.Name) > maxText {
				return false
			}
			guilds += len(f.GuildIDs)
		}
		return *list != nil && len(*list) <= maxIDs && guilds <= maxIDs
	})
}

func (foldersKind) encode(number protowire.Number, value json.RawMessage) ([]byte, error) {
	var list []folder
	err := json.Unmarshal(value, &list)
	var data []byte
	for _, f := range list {
		inner := packed(1, f.GuildIDs)
		if f.ID != nil {
			inner = append(inner, message(2, varint(1, uint64(*f.ID)))...)
		}
		if f.Name != nil {
			inner = append(inner, message(3, message(1, []byte(*f.Name)))...)
		}
		if f.Color != nil {
			inner = append(inner, message(4, varint(1, *f.Color))...)
		}
		data = append(data, message(number, inner)...)
	}
	return data, err
}

func (k foldersKind) decode(values []field) (json.RawMessage, error) {
	list := []folder{}
	for _, one := range values {
		p, err := ReadProto(one.bytes)
		if err != nil {
			return nil, err
		}
		var f folder
		if f.GuildIDs, err = unpacked(p.all(1)); err != nil {
			return nil, err
		}
		if p.has(2) {
			n, _ := p.message(2).last(1)
			id := int64(n.number64)
			f.ID = &id
		}
		if p.has(3) {
			f.Name = p.message(3).text(1)
		}
		if p.has(4) {
			n, _ := p.message(4).last(1)
			f.Color = &n.number64
		}
		list = append(list, f)
	}
	value, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return k.normal(value)
}
