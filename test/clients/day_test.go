package clients_test

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// day lists what a moderation bot does from morning to night. Each library's bot does exactly these steps, in order.
var day = []string{
	"come to work",
	"register commands",
	"answer a command",
	"buttons and a modal",
	"a thread for the case",
	"a webhook for the log",
	"upload and download a file",
	"ban with a reason",
	"run a poll",
	"search",
}

// TestDay lets a bot of each library do a day's work, with people who use it from clients of their own.
func TestDay(t *testing.T) {
	p := platform.Start(t, platform.Options{Shards: shards})
	for name, run := range map[string]func(t *testing.T, w *world){
		"discord.js": testDiscordJSDay,
		"discordgo":  testDiscordGoDay,
		"disgo":      testDisgoDay,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := mustWorld(t, p.URL)
			w.promote(t)
			run(t, w)
		})
	}
}

// modPermissions is what the bot needs for its day beyond what it has in the scenario.
// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
const modPermissions uint64 = 1<<2 | // BAN_MEMBERS
	1<<7 | // VIEW_AUDIT_LOG
	1<<13 | // MANAGE_MESSAGES
	1<<15 | // ATTACH_FILES
	1<<29 | // MANAGE_WEBHOOKS
	1<<34 | // MANAGE_THREADS
	1<<35 | // CREATE_PUBLIC_THREADS
	1<<38 | // SEND_MESSAGES_IN_THREADS
	1<<49 // SEND_POLLS

// evidence is the file that bots upload: every byte there is.
var evidence = func() []byte {
	data := make([]byte, 1<<16)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}()

// downloads checks that everybody who has the address of the evidence gets it.
func downloads(t *testing.T, address string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, "address of the file", err)
	answer, err := http.DefaultClient.Do(request)
	must(t, "download", err)
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	must(t, "download", err)
	if answer.StatusCode != http.StatusOK || !bytes.Equal(got, evidence) {
		t.Errorf("download from %s: status %d, %d bytes", address, answer.StatusCode, len(got))
	}
}

// promote makes the bot a moderator of the first guild, and lets the visitor in.
func (w *world) promote(t *testing.T) {
	t.Helper()
	guild := "/guilds/" + w.Guilds[0].ID
	var role rest.Role
	must(t, "make a role for moderators", w.owner.Do(t.Context(), http.MethodPost, guild+"/roles",
		map[string]any{"name": "moderator", "permissions": strconv.FormatUint(modPermissions, 10)}, &role))
	must(t, "make the bot a moderator", w.owner.Do(t.Context(), http.MethodPut, guild+"/members/"+w.bot.ID+"/roles/"+role.ID, nil, nil))
	must(t, "let the visitor in", rest.Join(t.Context(), w.owner.Client, w.Guilds[0].General, w.visitor))
}
