package clients_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// testCompression reads the same guild and the same messages through each encoding and compression of the gateway, before
// and after a dropped connection: a resumed connection begins a stream of its own.
func testCompression(t *testing.T, base string) {
	w := mustWorld(t, base)
	place := w.Guilds[0]
	for _, c := range []struct{ encoding, compression string }{
		{"json", ""}, {"json", "payload"}, {"json", "zlib-stream"}, {"json", "zstd-stream"},
		{"etf", ""}, {"etf", "zlib-stream"}, {"etf", "zstd-stream"},
	} {
		name := strings.TrimSuffix(c.encoding+" "+c.compression, " ")
		t.Run(name, func(t *testing.T) {
			session, seen := watch(t, gatewayclient.Options{
				Gateway: w.Gateway, Token: w.observer.Token, Intents: gatewayclient.IntentsAll,
				Encoding: c.encoding, Compression: c.compression,
			})
			joined := seen.await(t, 0, "GUILD_CREATE", func(e gatewayclient.Event) bool {
				return e.Type == "GUILD_CREATE" && strings.Contains(string(e.Data), place.ID)
			})
			var guild struct {
				Name     string         `json:"name"`
				Channels []rest.Channel `json:"channels"`
			}
			must(t, "decode GUILD_CREATE", json.Unmarshal(joined.Data, &guild))
			equal(t, "name", guild.Name, place.Name)
			if len(guild.Channels) < 4 {
				t.Errorf("GUILD_CREATE has %d channels, expected 4 or more", len(guild.Channels))
			}
			equal(t, "binary frames came", session.Binary() > 0, name != "json")

			long := strings.Repeat("all work and no play ", 90)
			for round := range 2 {
				mark := seen.mark()
				for i := range 3 {
					content := fmt.Sprintf("%s %d.%d %s", name, round, i, long)
					_, err := w.friend.Send(t.Context(), place.Busy, strings.TrimSpace(content))
					must(t, "send", err)
				}
				for i := range 3 {
					want := strings.TrimSpace(fmt.Sprintf("%s %d.%d %s", name, round, i, long))
					seen.await(t, mark, "MESSAGE_CREATE", func(e gatewayclient.Event) bool {
						var m rest.Message
						return e.Type == "MESSAGE_CREATE" && json.Unmarshal(e.Data, &m) == nil && m.Content == want
					})
				}
				if round == 0 {
					session.Cut()
					seen.await(t, mark, "RESUMED", func(e gatewayclient.Event) bool { return e.Type == "RESUMED" })
				}
			}
		})
	}
}
