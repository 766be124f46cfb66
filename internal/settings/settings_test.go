package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

func protoOf(t *testing.T, data []byte) Proto {
	t.Helper()
	p, err := ReadProto(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSpliceReplacesWholeFields(t *testing.T) {
	t.Parallel()
	old := bytes.Join([][]byte{message(2, []byte("two")), message(7, []byte("seven")), varint(9, 1), message(7, []byte("more"))}, nil)
	patch := bytes.Join([][]byte{message(7, []byte("new")), fixed(30, 5)}, nil)
	got := protoOf(t, old).Splice(protoOf(t, patch)).Bytes()
	want := bytes.Join([][]byte{message(2, []byte("two")), varint(9, 1), message(7, []byte("new")), fixed(30, 5)}, nil)
	if !bytes.Equal(got, want) {
		t.Errorf("%x, expected %x", got, want)
	}
}

func TestVersionIsAmongTheClients(t *testing.T) {
	t.Parallel()
	client := message(1, bytes.Join([][]byte{varint(1, 20), varint(3, 7)}, nil))
	got := protoOf(t, append(message(2, nil), client...)).WithVersion(8)
	inner := got.message(versions)
	if f, _ := inner.last(3); f.number64 != 8 || len(inner.all(3)) != 1 {
		t.Errorf("data version %d", f.number64)
	}
	if f, _ := inner.last(1); f.number64 != 20 || !got.has(2) || len(got.all(versions)) != 1 {
		t.Errorf("what the client wrote is gone: %x", got.Bytes())
	}
}

func TestMalformed(t *testing.T) {
	t.Parallel()
	for _, data := range [][]byte{{0x0a}, {0x0a, 5, 1}, {0x08}, {0x0b, 0x0c}, {0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}} {
		if _, err := ReadProto(data); !errors.Is(err, ErrMalformed) {
			t.Errorf("%x: %v", data, err)
		}
	}
}

// samples has a value other than the default for each key.
var samples = map[string]string{
	"afk_timeout": `60`, "animate_stickers": `2`, "explicit_content_filter": `0`, "friend_discovery_flags": `6`,
	"restricted_guilds": `["5","9223372036854775807"]`, "activity_restricted_guild_ids": `["7"]`,
	"activity_joining_restricted_guild_ids": `["8"]`, "guild_positions": `["3","1","2"]`,
	"friend_source_flags": `{"all":false,"mutual_friends":true,"mutual_guilds":false}`,
	"status":              `"dnd"`, "custom_status": `{"text":"Überall","emoji_id":"12","emoji_name":"hm","expires_at":"2030-01-02T03:04:05.006Z"}`,
	"locale": `"de"`, "timezone_offset": `-120`, "theme": `"light"`,
	"guild_folders": `[{"guild_ids":["1","2"],"id":-4,"name":"work","color":255},{"guild_ids":["3"],"id":null,"name":null,"color":null}]`,
}

func sample(k key) json.RawMessage {
	if s, special := samples[k.name]; special {
		return json.RawMessage(s)
	}
	if k.fallback == `true` {
		return json.RawMessage(`false`)
	}
	return json.RawMessage(`true`)
}

// TestBothFormsSayTheSame: whatever a key has is, written into the protocol buffer and read again, still the same; other
// fields in the same message stay.
func TestBothFormsSayTheSame(t *testing.T) {
	t.Parallel()
	for _, k := range keys {
		preloaded := protoOf(t, message(k.at.top, message(200, []byte("other"))))
		for _, value := range []json.RawMessage{sample(k), json.RawMessage(k.fallback)} {
			known, invalid := ReadLegacy(map[string]json.RawMessage{k.name: value, "unknown": value})
			if invalid != nil || len(known) != 1 || string(known[k.name]) != string(value) {
				t.Errorf("%s: %s became %s, %v", k.name, value, known[k.name], invalid)
				continue
			}
			patch := known.Encode(preloaded)
			preloaded = preloaded.Splice(protoOf(t, patch.Bytes()))
			if got := preloaded.Decode()[k.name]; string(got) != string(value) {
				t.Errorf("%s: %s came back as %s", k.name, value, got)
			}
			if !preloaded.message(k.at.top).has(200) {
				t.Errorf("%s: the rest of its message is gone", k.name)
			}
		}
	}
}

func TestWhole(t *testing.T) {
	t.Parallel()
	whole := Legacy{"theme": json.RawMessage(`"light"`)}.Whole()
	if len(whole) != len(keys) || string(whole["theme"]) != `"light"` || string(whole["status"]) != `"online"` {
		t.Errorf("%s", whole)
	}
	merged := whole.Merge(Legacy{"theme": json.RawMessage(`"dark"`)})
	if string(merged["theme"]) != `"dark"` || string(whole["theme"]) != `"light"` {
		t.Error("merging changes what it is made of")
	}
}

func TestInvalidValues(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"theme": `"pink"`, "status": `"offline"`, "locale": `5`, "afk_timeout": `-1`, "timezone_offset": `99999999999`,
		"developer_mode": `"yes"`, "restricted_guilds": `["x"]`, "guild_positions": `null`, "custom_status": `[]`,
		"guild_folders": `[{"guild_ids":"1"}]`, "friend_source_flags": `null`, "render_embeds": `null`,
	} {
		if _, invalid := ReadLegacy(map[string]json.RawMessage{name: json.RawMessage(value)}); !reflect.DeepEqual(invalid, []InvalidKeyError{{name}}) {
			t.Errorf("%s: %s: %v", name, value, invalid)
		}
	}
	if _, invalid := ReadLegacy(map[string]json.RawMessage{"locale": json.RawMessage(`"a\u0000"`)}); len(invalid) != 1 {
		t.Error("NUL is taken")
	}
}

// FuzzDecode: what clients write into a protocol buffer never becomes a value that JSON could not have had.
func FuzzDecode(f *testing.F) {
	f.Add(Legacy{"guild_folders": json.RawMessage(samples["guild_folders"])}.Encode(Proto{}).Bytes())
	f.Add(Legacy{"custom_status": json.RawMessage(samples["custom_status"])}.Encode(Proto{}).Bytes())
	f.Add(message(privacy, packed(3, nil)))
	f.Add(protowire.AppendTag(nil, guildFolders, protowire.BytesType))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadProto(data)
		if err != nil {
			return
		}
		if !bytes.Equal(p.Bytes(), data) {
			t.Fatal("not the same bytes")
		}
		said := p.Decode()
		again, invalid := ReadLegacy(said)
		if invalid != nil || !reflect.DeepEqual(again, said) {
			t.Fatalf("%s: %v", said, invalid)
		}
		if version, _ := p.WithVersion(3).message(versions).last(3); version.number64 != 3 {
			t.Fatalf("version %d", version.number64)
		}
	})
}
