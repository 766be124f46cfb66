package memory

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
)

func TestTheLimitOfAContainer(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]int64{"536870912\n": 512 << 20, "max\n": 0, "": 0, "-1": 0, "0": 0, "x": 0} {
		file := filepath.Join(t.TempDir(), "memory.max")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := containers(file); ok != (want != 0) || ok && got != want {
			t.Errorf("%q: %d, %v", content, got, ok)
		}
	}
	if _, ok := containers(filepath.Join(t.TempDir(), "none")); ok {
		t.Error("a limit without a file")
	}
}

func TestTheEnvironmentWins(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	t.Setenv("GOGC", "100")
	Tune(300)
	if now := debug.SetGCPercent(100); now != 100 {
		t.Errorf("GOGC is set to %d", now)
	}
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "off")
	Tune(300)
	if now := debug.SetGCPercent(100); now != 300 {
		t.Errorf("it is %d, not 300", now)
	}
}
