package clients_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/npm"
)

// report is a line of the program's output: the plan first, then one line a step.
type report struct {
	Plan  []string `json:"plan"`
	Step  string   `json:"step"`
	OK    bool     `json:"ok"`
	Error string   `json:"error"`
	MS    int64    `json:"ms"`
}

// testDiscordJS runs the scenario with discord.js as it comes from the registry. It turns zlib-stream on when it finds the
// module zlib-sync, which is hidden from it for the plain run.
func testDiscordJS(t *testing.T, base string, zlib bool) {
	npm.Install(t, "discordjs")
	if zlib {
		runProgram(t, mustWorld(t, base), scenario, "discordjs", "env", "SCENARIO_ZLIB=1", "node", "scenario.js")
		return
	}
	runProgram(t, mustWorld(t, base), scenario, "discordjs", "env", "SCENARIO_ZLIB=0", "node", "--require", "./without-zlib-sync.cjs", "scenario.js")
}

// testDiscordJSDay does the day's work with discord.js.
func testDiscordJSDay(t *testing.T, w *world) {
	npm.Install(t, "discordjs")
	runProgram(t, w, day, "discordjs", "node", "day.js")
}

// runProgram carries out a plan by a program of its own, in a directory, and makes subtests of what it reports.
func runProgram(t *testing.T, w *world, steps []string, dir, command string, args ...string) {
	t.Helper()
	data, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "world.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, command, args...)
	program.Dir, program.Env = dir, append(os.Environ(), "SCENARIO_WORLD="+file)
	var complaints bytes.Buffer
	program.Stderr = &complaints
	output, err := program.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatalf("start %s: %v", command, err)
	}
	reports := map[string]report{}
	var plan []string
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Errorf("not a report: %q", lines.Text())
			continue
		}
		if r.Plan != nil {
			plan = r.Plan
			continue
		}
		reports[r.Step] = r
		t.Logf("%-45s %6d ms, ok: %v", r.Step, r.MS, r.OK)
	}
	err = program.Wait()
	if complaints.Len() > 0 {
		t.Logf("stderr of %s:\n%s", dir, complaints.String())
	}
	if !slices.Equal(plan, steps) {
		t.Errorf("the program's steps are %q, expected %q", plan, steps)
	}
	failed := false
	for _, step := range steps {
		t.Run(step, func(t *testing.T) {
			r, ran := reports[step]
			switch {
			case !ran:
				t.Error("did not run")
			case !r.OK:
				t.Error(r.Error)
			}
			failed = failed || t.Failed()
		})
	}
	if err != nil && !failed {
		t.Errorf("%s: %v", command, err)
	}
}
