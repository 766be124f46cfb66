// Package clients_test judges a running platform by what other people's client libraries make of it. A test starts a
// platform, makes accounts and guilds through REST (package rest), and hands them to a library: discordgo and disgo in this
// process, discord.js and discord.py as programs of their own in discordjs/ and discordpy/. What the libraries hide, such as
// the order and number of all deliveries while processes die, is observed with package gatewayclient.
package clients_test

import (
	"testing"

	"github.com/disgoorg/disgo/gateway"

	"guildhall.chat/guildhall/test/platform"
)

// TestClients runs the scenario with every library on one platform of two shards.
func TestClients(t *testing.T) {
	p := platform.Start(t, platform.Options{Shards: shards})
	for name, run := range map[string]func(t *testing.T, base string){
		"discord.js":                  func(t *testing.T, base string) { testDiscordJS(t, base, false) },
		"discord.js with zlib-stream": func(t *testing.T, base string) { testDiscordJS(t, base, true) },
		"discordgo":                   testDiscordGo,
		"disgo":                       func(t *testing.T, base string) { testDisgo(t, base, gateway.CompressionNone) },
		"disgo with zlib-stream":      func(t *testing.T, base string) { testDisgo(t, base, gateway.CompressionZlibStream) },
		"disgo with zstd-stream":      func(t *testing.T, base string) { testDisgo(t, base, gateway.CompressionZstdStream) },
		"discord.py":                  testDiscordPy,
		"compression":                 testCompression,
		"large guild":                 func(t *testing.T, _ string) { testLargeGuild(t, p) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, p.URL)
		})
	}
}
