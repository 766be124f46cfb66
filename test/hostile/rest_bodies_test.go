package hostile_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// nested is an array inside an array, depth times.
func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

// bodies are requests whose body is broken as a whole.
func (s *scene) bodies(t *testing.T) {
	target := "/channels/" + s.channel + "/messages"
	post := func(name, body string, want expected) request {
		return request{name: name, as: s.owner.Client, method: http.MethodPost, target: target, body: body, want: want}
	}
	typed := func(name, kind, body string, want expected) request {
		r := post(name, body, want)
		r.kind = kind
		return r
	}
	s.run(t, []request{
		post("cut off", `{"content":`, invalidJSON),
		post("two values", `{"content":"a"}{"content":"b"}`, invalidJSON),
		post("trailing comma", `{"content":"a",}`, invalidJSON),
		post("single quotes", `{'content':'a'}`, invalidJSON),
		post("NaN", `{"content":NaN}`, invalidJSON),
		post("a byte order mark", "\ufeff{\"content\":\"a\"}", expected{{400, 50109}, {200, 0}}),
		post("binary", "\x00\x01\x02\xff\xfe", invalidJSON),
		post("null", `null`, expected{{400, 50035}, {400, 50109}, {400, 50006}}),
		post("a list", `[]`, badBody),
		post("a text", `"content"`, badBody),
		post("a number", `42`, badBody),
		post("true", `true`, badBody),
		post("a key that is no text", `{1:2}`, invalidJSON),
		post("unclosed nesting", strings.Repeat("[", 200_000), badBody),
		post("unclosed objects", strings.Repeat(`{"a":`, 100_000), badBody),
		post("deep nesting in an unknown field", `{"content":"deep","x":`+nested(50_000)+`}`, expected{{400, 50035}, {400, 50109}, {200, 0}}),
		post("deep nesting in a known field", `{"content":`+nested(5_000)+`}`, badBody),
		post("many keys", `{"content":"many"`+strings.Repeat(`,"k":0`, 100_000)+`}`, expected{{200, 0}, {400, 50035}, {400, 50109}}),
		{
			name: "duplicate keys", as: s.owner.Client, method: http.MethodPost, target: target,
			body: `{"content":"first","content":"second"}`, want: expected{{200, 0}, {400, 50035}, {400, 50109}},
		},
		{
			name: "invalid UTF-8", as: s.owner.Client, method: http.MethodPost, target: target,
			body: "{\"content\":\"a\xc3\x28\xff b\"}", want: expected{{200, 0}, {400, 50035}, {400, 50109}},
			check: func(t *testing.T, body []byte) {
				if !utf8.Valid(body) {
					t.Errorf("the answer isn't UTF-8: %q", body)
				}
			},
		},
		post("a NUL character", `{"content":"a\u0000b"}`, expected{{200, 0}, {400, 50035}}),
		post("half a surrogate pair", `{"content":"a\ud800b"}`, expected{{200, 0}, {400, 50035}, {400, 50109}}),
		post("only a NUL character", `{"content":"\u0000"}`, expected{{400, 50035}, {400, 50006}, {200, 0}}),

		typed("no body", "application/json", "", expected{{400, 50109}, {400, 50035}, {400, 50006}}),
		typed("plain text", "text/plain", `{"content":"a"}`, invalidForm),
		typed("an unknown type", "application/x-guildhall", `{"content":"a"}`, invalidForm),
		typed("a broken type", "application/json; charset=\"; =", `{"content":"a"}`, badBody),
		typed("multipart without a boundary", "multipart/form-data", `{"content":"a"}`, badBody),
		typed("multipart that ends early", multipartKind("b"), "--b\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{\"con", badBody),
		typed("multipart without a name", multipartKind("b"), multipartBody("b", "Content-Disposition: form-data", "{}"), expected{{400, 50035}, {400, 50006}, {400, 50109}}),
		typed("multipart with broken payload_json", multipartKind("b"),
			multipartBody("b", `Content-Disposition: form-data; name="payload_json"`, `{"content":`), badBody),
		typed("a broken form", "application/x-www-form-urlencoded", "content=%zz&=&&;", expected{{400, 50035}, {400, 50006}, {400, 50109}}),
	})

	t.Run("too large", func(t *testing.T) {
		body := `{"content":"` + strings.Repeat("x", 26<<20) + `"}`
		s.expect(t, post("", "26 MiB", expected{{413, 40005}}), s.send(t, post("", body, nil)))
	})
	t.Run("too large a part", func(t *testing.T) {
		body := multipartBody("b", `Content-Disposition: form-data; name="payload_json"`, `{"content":"`+strings.Repeat("x", 26<<20)+`"}`)
		s.expect(t, typed("", "", "26 MiB in a part", expected{{413, 40005}}), s.send(t, typed("", multipartKind("b"), body, nil)))
	})
}

// values are well-formed requests with values that no field may have.
func (s *scene) values(t *testing.T) {
	channel, guild := "/channels/"+s.channel, "/guilds/"+s.guild
	message := func(name, body string, want expected, path ...string) request {
		r := request{name: "message: " + name, as: s.owner.Client, method: http.MethodPost, target: channel + "/messages", body: body, want: want}
		if len(path) > 0 {
			r.check = names(path...)
		}
		return r
	}
	ask := func(name, method, target, body string, path ...string) request {
		r := request{name: name, as: s.owner.Client, method: method, target: target, body: body, want: invalidForm}
		if len(path) > 0 {
			r.check = names(path...)
		}
		return r
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	object := func(fields map[string]any) string {
		data, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	embeds := func(embeds ...map[string]any) string { return object(map[string]any{"embeds": embeds}) }
	elevenEmbeds := make([]map[string]any, 11)
	for i := range elevenEmbeds {
		elevenEmbeds[i] = map[string]any{"title": "x"}
	}
	manyFields := make([]map[string]any, 26)
	for i := range manyFields {
		manyFields[i] = map[string]any{"name": "n", "value": "v"}
	}
	empty := expected{{400, 50006}}
	s.run(t, []request{
		message("nothing", `{}`, empty),
		message("an empty text", `{"content":""}`, empty),
		message("only spaces", `{"content":"  \n\t "}`, empty),
		message("null content", `{"content":null}`, empty),
		message("content is an object", `{"content":{}}`, invalidForm, "content"),
		message("content is a list", `{"content":["a"]}`, invalidForm, "content"),
		message("content is too long", object(map[string]any{"content": long(2001)}), invalidForm, "content"),
		message("content is too long in characters, not bytes", object(map[string]any{"content": strings.Repeat("가", 2001)}), invalidForm, "content"),
		message("2000 wide characters are fine", object(map[string]any{"content": strings.Repeat("가", 2000)}), okay),
		message("tts is a text", `{"content":"a","tts":"maybe"}`, invalidForm, "tts"),
		message("flags overflow", `{"content":"a","flags":1e400}`, badBody),
		message("flags beyond 64 bits", `{"content":"a","flags":99999999999999999999999}`, invalidForm, "flags"),
		message("flags are negative", `{"content":"a","flags":-1}`, expected{{400, 50035}, {200, 0}}),
		message("flags are a fraction", `{"content":"a","flags":1.5}`, invalidForm, "flags"),
		message("nonce is too long", object(map[string]any{"content": "a", "nonce": long(26)}), invalidForm, "nonce"),
		message("nonce is an object", `{"content":"a","nonce":{}}`, invalidForm, "nonce"),
		message("embeds are an object", `{"embeds":{}}`, invalidForm, "embeds"),
		message("an embed is a number", `{"embeds":[1]}`, invalidForm),
		message("eleven embeds", embeds(elevenEmbeds...), invalidForm, "embeds"),
		message("an empty embed", `{"embeds":[{}]}`, expected{{400, 50035}, {400, 50006}}),
		message("a long embed title", embeds(map[string]any{"title": long(257)}), invalidForm, "embeds", "0", "title"),
		message("a long embed description", embeds(map[string]any{"description": long(4097)}), invalidForm, "embeds", "0", "description"),
		message("26 embed fields", embeds(map[string]any{"fields": manyFields}), invalidForm, "embeds", "0", "fields"),
		message("an embed field without a value", embeds(map[string]any{"fields": []any{map[string]any{"name": "n"}}}), invalidForm),
		message("embeds of 6001 characters", embeds(map[string]any{"description": long(4000)}, map[string]any{"description": long(2001)}), invalidForm),
		message("an embed color beyond 24 bits", embeds(map[string]any{"title": "x", "color": 1 << 24}), invalidForm, "embeds", "0", "color"),
		message("an embed timestamp that is none", embeds(map[string]any{"title": "x", "timestamp": "yesterday"}), invalidForm, "embeds", "0", "timestamp"),
		message("an embed URL that is none", embeds(map[string]any{"title": "x", "url": "javascript:alert(1)"}), invalidForm, "embeds", "0", "url"),
		message("allowed_mentions is a text", `{"content":"a","allowed_mentions":"all"}`, invalidForm, "allowed_mentions"),
		message("allowed_mentions lists a kind twice", object(map[string]any{"content": "a", "allowed_mentions": map[string]any{"parse": []string{"users"}, "users": []string{s.member.ID}}}), invalidForm),
		message("allowed_mentions parses nonsense", `{"content":"a","allowed_mentions":{"parse":["aliens"]}}`, invalidForm),
		message("a reply to nothing", `{"content":"a","message_reference":{"message_id":"1"}}`, invalidForm, "message_reference"),
		message("a reply to no id", `{"content":"a","message_reference":{"message_id":"abc"}}`, invalidForm),
		message("a reply beyond 64 bits", `{"content":"a","message_reference":{"message_id":"99999999999999999999999"}}`, invalidForm),
		message("a reply into another channel", object(map[string]any{"content": "a", "message_reference": map[string]any{"message_id": s.message, "channel_id": s.other}}), invalidForm),

		ask("limit 0", http.MethodGet, channel+"/messages?limit=0", "", "limit"),
		ask("limit -1", http.MethodGet, channel+"/messages?limit=-1", "", "limit"),
		ask("limit 101", http.MethodGet, channel+"/messages?limit=101", "", "limit"),
		ask("limit of letters", http.MethodGet, channel+"/messages?limit=many", "", "limit"),
		ask("limit beyond 64 bits", http.MethodGet, channel+"/messages?limit=99999999999999999999", "", "limit"),
		ask("limit is a fraction", http.MethodGet, channel+"/messages?limit=1.5", "", "limit"),
		ask("before of letters", http.MethodGet, channel+"/messages?before=abc", "", "before"),
		ask("after is negative", http.MethodGet, channel+"/messages?after=-5", "", "after"),
		ask("around beyond 64 bits", http.MethodGet, channel+"/messages?around=99999999999999999999999", "", "around"),
		ask("my guilds, limit 201", http.MethodGet, "/users/@me/guilds?limit=201", "", "limit"),

		ask("guild: no name", http.MethodPost, "/guilds", `{}`, "name"),
		ask("guild: a name of one letter", http.MethodPost, "/guilds", `{"name":"x"}`, "name"),
		ask("guild: a name of 101", http.MethodPost, "/guilds", object(map[string]any{"name": long(101)}), "name"),
		ask("guild: a name of spaces", http.MethodPost, "/guilds", `{"name":"     "}`, "name"),
		ask("guild: a name is a number in a list", http.MethodPatch, guild, `{"name":[7]}`, "name"),
		ask("guild: verification_level 99", http.MethodPatch, guild, `{"verification_level":99}`, "verification_level"),
		ask("guild: afk_timeout -1", http.MethodPatch, guild, `{"afk_timeout":-1}`, "afk_timeout"),
		ask("guild: a system channel of another guild", http.MethodPatch, guild, `{"system_channel_id":"1"}`),
		ask("channel: no name", http.MethodPost, guild+"/channels", `{"type":0}`, "name"),
		ask("channel: a name of 101", http.MethodPost, guild+"/channels", object(map[string]any{"name": long(101)}), "name"),
		ask("channel: type 99", http.MethodPost, guild+"/channels", `{"name":"a","type":99}`, "type"),
		ask("channel: a topic of 1025", http.MethodPatch, channel, object(map[string]any{"topic": long(1025)}), "topic"),
		ask("channel: a slow mode of a week", http.MethodPatch, channel, `{"rate_limit_per_user":604800}`, "rate_limit_per_user"),
		ask("channel: a parent that is none", http.MethodPatch, channel, object(map[string]any{"parent_id": s.other})),
		ask("channel: overwrites are a text", http.MethodPatch, channel, `{"permission_overwrites":"all"}`, "permission_overwrites"),
		ask("overwrite: type 7", http.MethodPut, channel+"/permissions/"+s.role, `{"type":7,"allow":"0","deny":"0"}`, "type"),
		ask("overwrite: permissions of letters", http.MethodPut, channel+"/permissions/"+s.role, `{"type":0,"allow":"all","deny":"0"}`, "allow"),
		ask("overwrite: permissions beyond 64 bits", http.MethodPut, channel+"/permissions/"+s.role, `{"type":0,"allow":"99999999999999999999999"}`, "allow"),
		ask("role: permissions are negative", http.MethodPost, guild+"/roles", `{"permissions":"-1"}`, "permissions"),
		ask("role: a name of 101", http.MethodPost, guild+"/roles", object(map[string]any{"name": long(101)}), "name"),
		ask("role: a color beyond 24 bits", http.MethodPost, guild+"/roles", `{"color":16777216}`, "color"),
		ask("role: a position is a text", http.MethodPatch, guild+"/roles", object(map[string]any{"id": s.role})),
		ask("member: a nick of 33", http.MethodPatch, guild+"/members/"+s.member.ID, object(map[string]any{"nick": long(33)}), "nick"),
		ask("member: a time-out that is no date", http.MethodPatch, guild+"/members/"+s.member.ID, `{"communication_disabled_until":"soon"}`, "communication_disabled_until"),
		ask("member: roles are a text", http.MethodPatch, guild+"/members/"+s.member.ID, `{"roles":"all"}`, "roles"),
		ask("invite: max_age is negative", http.MethodPost, channel+"/invites", `{"max_age":-1}`, "max_age"),
		ask("invite: max_age of a month", http.MethodPost, channel+"/invites", `{"max_age":2592000}`, "max_age"),
		ask("invite: max_uses 101", http.MethodPost, channel+"/invites", `{"max_uses":101}`, "max_uses"),
		ask("DM: no recipients", http.MethodPost, "/users/@me/channels", `{"recipients":["abc"]}`),
		ask("application: no name", http.MethodPost, "/applications", `{}`, "name"),
		ask("self: an avatar that is no image", http.MethodPatch, "/users/@me", `{"avatar":"data:image/png;base64,bm90IGFuIGltYWdl"}`, "avatar"),
		ask("self: a user name of one letter", http.MethodPatch, "/users/@me", object(map[string]any{"username": "x", "password": s.owner.Password}), "username"),
	})
}
