package hostile_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

// idsOfOthers are well-formed requests about what the caller has no right to.
func (s *scene) idsOfOthers(t *testing.T) {
	channel, guild := "/channels/"+s.channel, "/guilds/"+s.guild
	message := channel + "/messages/" + s.message
	thumb := message + "/reactions/" + url.PathEscape("👍") + "/@me"
	bot := "/applications/" + s.bot.ApplicationID
	// A guild or DM of others may be forbidden or unknown: Discord itself answers both ways.
	hiddenGuild := expected{{403, 50001}, {404, 10004}}
	hiddenChannel := expected{{403, 50001}, {404, 10003}}
	hiddenApp := expected{{403, 50001}, {404, 10002}, {403, 40001}}
	ownerOnly := expected{{403, 50013}, {403, 50001}}

	by := func(who string, as *rest.Client, method, target, body string, want expected) request {
		return request{name: who + " " + method + " " + strings.Replace(target, s.guild, "G", 1), as: as, method: method, target: target, body: body, want: want}
	}
	outsider := func(method, target, body string, want expected) request {
		return by("outsider", s.outsider.Client, method, target, body, want)
	}
	member := func(method, target, body string, want expected) request {
		return by("member", s.member.Client, method, target, body, want)
	}
	s.run(t, []request{
		outsider("GET", guild, "", hiddenGuild),
		outsider("PATCH", guild, `{"name":"mine"}`, hiddenGuild),
		outsider("DELETE", guild, "", hiddenGuild),
		outsider("GET", guild+"/channels", "", hiddenGuild),
		outsider("POST", guild+"/channels", `{"name":"tunnel"}`, hiddenGuild),
		outsider("GET", guild+"/roles", "", hiddenGuild),
		outsider("POST", guild+"/roles", `{"name":"king"}`, hiddenGuild),
		outsider("GET", guild+"/members/"+s.owner.ID, "", hiddenGuild),
		outsider("DELETE", guild+"/members/"+s.member.ID, "", hiddenGuild),
		outsider("PUT", guild+"/members/"+s.outsider.ID+"/roles/"+s.role, "", hiddenGuild),
		outsider("GET", guild+"/invites", "", hiddenGuild),
		outsider("GET", channel, "", hiddenChannel),
		outsider("PATCH", channel, `{"name":"breach"}`, hiddenChannel),
		outsider("DELETE", channel, "", hiddenChannel),
		outsider("GET", channel+"/messages", "", hiddenChannel),
		outsider("GET", message, "", hiddenChannel),
		outsider("POST", channel+"/messages", `{"content":"boo"}`, hiddenChannel),
		outsider("PATCH", message, `{"content":"boo"}`, hiddenChannel),
		outsider("DELETE", message, "", hiddenChannel),
		outsider("POST", channel+"/typing", "", hiddenChannel),
		outsider("POST", channel+"/invites", `{}`, hiddenChannel),
		outsider("PUT", channel+"/permissions/"+s.outsider.ID, `{"type":1,"allow":"8","deny":"0"}`, hiddenChannel),
		outsider("PUT", thumb, "", hiddenChannel),
		outsider("GET", "/channels/"+s.dm, "", hiddenChannel),
		outsider("GET", "/channels/"+s.dm+"/messages", "", hiddenChannel),
		outsider("POST", "/channels/"+s.dm+"/messages", `{"content":"boo"}`, hiddenChannel),
		outsider("PATCH", bot, `{"flags":8192}`, hiddenApp),
		outsider("POST", bot+"/bot/reset", `{}`, hiddenApp),
		outsider("POST", bot+"/bot", `{}`, hiddenApp),
		outsider("POST", "/oauth2/authorize?client_id="+s.bot.ApplicationID+"&scope=bot&permissions=8",
			`{"guild_id":"`+s.guild+`","authorize":true,"permissions":"8"}`, expected{{403, 50001}, {403, 50013}, {404, 10004}}),

		member("PATCH", guild, `{"name":"mine"}`, missingPermission),
		member("DELETE", guild, "", ownerOnly),
		member("POST", guild+"/channels", `{"name":"tunnel"}`, missingPermission),
		member("PATCH", channel, `{"name":"breach"}`, missingPermission),
		member("DELETE", channel, "", missingPermission),
		member("PUT", channel+"/permissions/"+s.member.ID, `{"type":1,"allow":"8","deny":"0"}`, missingPermission),
		member("POST", guild+"/roles", `{"name":"king","permissions":"8"}`, missingPermission),
		member("PATCH", guild+"/roles/"+s.guild, `{"permissions":"8"}`, missingPermission),
		member("DELETE", guild+"/roles/"+s.role, "", missingPermission),
		member("PUT", guild+"/members/"+s.member.ID+"/roles/"+s.role, "", missingPermission),
		member("PATCH", guild+"/members/"+s.member.ID, `{"roles":["`+s.role+`"]}`, missingPermission),
		member("PATCH", guild+"/members/"+s.owner.ID, `{"nick":"fool"}`, missingPermission),
		member("DELETE", guild+"/members/"+s.owner.ID, "", missingPermission),
		member("PATCH", message, `{"content":"I surrender"}`, expected{{403, 50005}}),
		member("DELETE", message, "", missingPermission),
		member("POST", "/oauth2/authorize?client_id="+s.bot.ApplicationID+"&scope=bot&permissions=8",
			`{"guild_id":"`+s.guild+`","authorize":true,"permissions":"8"}`, ownerOnly),

		by("owner", s.owner.Client, "GET", "/channels/"+s.other+"/messages/"+s.message, "", expected{{404, 10008}}),
		by("owner", s.owner.Client, "PATCH", "/channels/"+s.other+"/messages/"+s.message, `{"content":"x"}`, expected{{404, 10008}}),
		by("owner", s.owner.Client, "DELETE", "/channels/"+s.other+"/messages/"+s.message, "", expected{{404, 10008}}),
		by("owner", s.owner.Client, "PATCH", guild+"/roles/"+s.foreignRole, `{"name":"x"}`, expected{{404, 10011}}),
		by("owner", s.owner.Client, "DELETE", guild+"/roles/"+s.foreignRole, "", expected{{404, 10011}}),
		by("owner", s.owner.Client, "PUT", guild+"/members/"+s.member.ID+"/roles/"+s.foreignRole, "", expected{{404, 10011}, {400, 50028}}),
		by("owner", s.owner.Client, "DELETE", guild+"/roles/"+s.guild, "", expected{{400, 50028}, {403, 50013}}),
		by("owner", s.owner.Client, "DELETE", guild+"/members/"+s.outsider.ID, "", expected{{404, 10007}}),
		by("owner", s.owner.Client, "GET", guild+"/members/"+s.outsider.ID, "", expected{{404, 10007}}),
		by("owner", s.owner.Client, "GET", "/guilds/"+s.foreignGuild, "", hiddenGuild),
		by("bot", s.bot.Client, "POST", "/guilds", `{"name":"of bots"}`, expected{{403, 20001}}),
		by("bot", s.bot.Client, "POST", "/invites/abc", `{}`, expected{{403, 20001}}),
		by("bot", s.bot.Client, "PATCH", guild, `{"name":"mine"}`, missingPermission),
	})
	s.nothingChanged(t)
}

// nothingChanged reads back what the attempts were about.
func (s *scene) nothingChanged(t *testing.T) {
	t.Helper()
	var guild rest.Guild
	var message rest.Message
	var member struct {
		Roles []string `json:"roles"`
	}
	for path, out := range map[string]any{
		"/guilds/" + s.guild: &guild,
		"/channels/" + s.channel + "/messages/" + s.message: &message,
		"/guilds/" + s.guild + "/members/" + s.member.ID:    &member,
	} {
		if err := s.owner.Do(t.Context(), http.MethodGet, path, nil, out); err != nil {
			t.Error(err)
		}
	}
	if guild.Name != "Besieged" || message.Content != "who goes there?" || len(member.Roles) != 0 {
		t.Errorf("something was changed: guild %q, message %q, the member's roles %v", guild.Name, message.Content, member.Roles)
	}
}

// malformedIDs are ids that are none.
func (s *scene) malformedIDs(t *testing.T) {
	get := func(name, target string, want expected) request {
		return request{name: name, as: s.owner.Client, method: http.MethodGet, target: target, want: want}
	}
	unknown := func(code int) expected { return expected{{404, code}, {400, 50035}} }
	var cases []request
	for name, id := range map[string]string{
		"letters": "abc", "negative": "-1", "a fraction": "1.5", "hexadecimal": "0x10", "an exponent": "1e3", "signed": "+1",
		"beyond 64 bits": "99999999999999999999", "5000 digits": strings.Repeat("9", 5000), "a space": "%201", "wide digits": url.PathEscape("１２"),
		"a NUL": "1%00", "invalid UTF-8": "%FF%FE", "a quote": "1'--", "two ids": "1,2", "braces": "%7B%7D",
	} {
		for _, path := range []string{"/channels/%s", "/guilds/%s", "/users/%s", "/channels/" + s.channel + "/messages/%s"} {
			target := fmt.Sprintf(path, id)
			cases = append(cases, get(name+" in "+strings.ReplaceAll(path, s.channel, "C"), target, invalidForm))
		}
	}
	cases = append(cases,
		get("channel 0", "/channels/0", unknown(10003)),
		get("channel 1", "/channels/1", expected{{404, 10003}}),
		get("the greatest number of 64 bits", "/channels/18446744073709551615", unknown(10003)),
		get("the greatest of 63 bits", "/channels/9223372036854775807", expected{{404, 10003}}),
		get("guild 1", "/guilds/1", expected{{404, 10004}, {403, 50001}}),
		get("user 1", "/users/1", expected{{404, 10013}}),
		get("message 1", "/channels/"+s.channel+"/messages/1", expected{{404, 10008}}),
		get("an id with leading zeros", "/channels/000"+s.channel, expected{{400, 50035}, {404, 10003}, {200, 0}}),
		get("an unknown invite", "/invites/nothing", expected{{404, 10006}}),
		get("an invite of 2000 letters", "/invites/"+strings.Repeat("a", 2000), expected{{404, 10006}, {400, 50035}}),
		get("an invite with a NUL", "/invites/a%00b", expected{{404, 10006}, {400, 50035}}),
		get("an invite that isn't UTF-8", "/invites/%ff%fe", expected{{404, 10006}, {400, 50035}}),
	)
	message := "/channels/" + s.channel + "/messages/" + s.message + "/reactions/"
	for name, emoji := range map[string]string{
		"letters": "smile", "invalid UTF-8": "%FF%FE", "a NUL": "%00", "two colons": "a:b:1", "an unknown id": "a:1", "no name": ":1",
		"1000 thumbs": strings.Repeat(url.PathEscape("👍"), 1000),
	} {
		cases = append(cases, request{
			name: "emoji: " + name, as: s.owner.Client, method: http.MethodPut, target: message + emoji + "/@me",
			want: expected{{400, 10014}, {404, 10014}, {400, 50035}},
		})
	}
	s.run(t, cases)
}
