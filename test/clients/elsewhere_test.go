package clients_test

import (
	"os"
	"testing"

	"guildhall.chat/guildhall/test/npm"
)

// TestElsewhere runs the scenario with discord.js and discordgo on a platform that runs already, at the base URL in
// CLIENTS_URL: the end-to-end tests have one on Kubernetes.
func TestElsewhere(t *testing.T) {
	base := os.Getenv("CLIENTS_URL")
	if base == "" {
		t.Skip("CLIENTS_URL names no platform")
	}
	t.Run("discord.js", func(t *testing.T) { testDiscordJS(t, base, false) })
	t.Run("discordgo", func(t *testing.T) { testDiscordGo(t, base) })
}

// TestModulesInstall installs what TestElsewhere needs, which may run where no registry can be reached.
func TestModulesInstall(t *testing.T) { npm.Install(t, "discordjs") }
