package process

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReachNeedsEveryDirectoryAbove(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	inner := filepath.Join(base, "inner")
	if err := os.Mkdir(inner, 0o755); err != nil {
		t.Fatal(err)
	}
	stranger := Account{Name: "stranger", uid: 1<<31 - 1, gid: 1<<31 - 1}
	for _, c := range []struct {
		mode os.FileMode
		want bool
	}{{0o711, true}, {0o700, false}, {0o750, false}} {
		// base's own parent is go test's, closed to others.
		for dir := base; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
			if err := os.Chmod(dir, c.mode); err != nil {
				t.Fatal(err)
			}
		}
		if got := stranger.CanReach(inner); got != c.want {
			t.Errorf("mode %o: %v", c.mode, got)
		}
		if !(Account{}).CanReach(inner) {
			t.Errorf("mode %o: we ourselves can't", c.mode)
		}
	}
	if stranger.CanReach(filepath.Join(base, "none")) {
		t.Error("reached what isn't there")
	}
}

func TestSpawnTellsWhyAChildIsNotReady(t *testing.T) {
	t.Parallel()
	log := filepath.Join(t.TempDir(), "log")
	never := func(context.Context) error { return errors.New("port 1 refused") }

	ended := exec.Command("/bin/sh", "-c", "echo bad option >&2; exit 3")
	if err := Spawn(t.Context(), ended, log, never); err == nil || !strings.Contains(err.Error(), "bad option") {
		t.Errorf("ended: %v", err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	slow := exec.Command("/bin/sh", "-c", "echo loading; exec sleep 1000")
	Bind(slow, syscall.SIGKILL)
	err := Spawn(ctx, slow, log, never)
	for _, want := range []string{"port 1 refused", "loading", log} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("slow: %v does not say %q", err, want)
		}
	}
	var killed *exec.ExitError
	if err := slow.Wait(); !errors.As(err, &killed) {
		t.Errorf("it was left running: %v", err)
	}
}
