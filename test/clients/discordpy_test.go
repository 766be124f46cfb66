package clients_test

import (
	"os/exec"
	"testing"
)

// pythons are the interpreters that may have discord.py: Debian's modules are for the system's own.
var pythons = []string{"/usr/bin/python3", "python3"}

// testDiscordPy runs the scenario with discord.py, which asks for zlib-stream.
func testDiscordPy(t *testing.T, base string) {
	for _, python := range pythons {
		if exec.CommandContext(t.Context(), python, "-c", "import discord").Run() == nil {
			runProgram(t, mustWorld(t, base), scenario, "discordpy", python, "-B", "-u", "scenario.py")
			return
		}
	}
	t.Fatal("no Python with discord.py: go run ./hack/local install --tests")
}
