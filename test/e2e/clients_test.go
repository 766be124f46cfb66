package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// TestClientsPassTheirScenario has discord.js and discordgo do, through the Services of a platform made from the sample,
// what they do in test/clients on a local one. make e2e builds that suite beside this program.
func TestClientsPassTheirScenario(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 2 })
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(program), "clients.test"), "-test.run=^TestElsewhere$", "-test.v")
	cmd.Dir, cmd.Env = "../clients", append(os.Environ(), "CLIENTS_URL="+p.url)
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	if err != nil {
		t.Error(err)
	}
}
