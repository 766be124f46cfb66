package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// TestClientsPassTheirScenario has discord.js and discordgo do, through the Services of a platform made from the sample,
// what they do in test/clients on a local one.
func TestClientsPassTheirScenario(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 2 })
	p.clients("^TestElsewhere$")
}

// clients runs tests of test/clients on the platform. make builds that suite beside this program.
func (p *platform) clients(pattern string) {
	p.t.Helper()
	p.opens()
	program, err := os.Executable()
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), filepath.Join(filepath.Dir(program), "clients.test"), "-test.run="+pattern, "-test.v")
	cmd.Dir, cmd.Env = "../clients", append(os.Environ(), "CLIENTS_URL="+p.url)
	output, err := cmd.CombinedOutput()
	p.t.Logf("%s", output)
	if err != nil {
		p.t.Error(err)
	}
}
