package install

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestServicesMayNotStartWhilePackagesAreInstalled(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "policy-rc.d")
	failed := errors.New("no such package")
	err := withoutServices(policy, func() error {
		var exit *exec.ExitError
		if err := exec.Command(policy, "prometheus", "start").Run(); !errors.As(err, &exit) || exit.ExitCode() != 101 {
			t.Errorf("the policy says %v, want exit status 101", err)
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("got %v, want %v", err, failed)
	}
	if _, err := os.Stat(policy); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the policy is left behind: %v", err)
	}
}

func TestPolicyOfTheMachineIsLeftAlone(t *testing.T) {
	t.Parallel()
	policy := filepath.Join(t.TempDir(), "policy-rc.d")
	const theirs = "#!/bin/sh\nexit 0\n"
	if err := os.WriteFile(policy, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	called := false
	if err := withoutServices(policy, func() error { called = true; return nil }); err != nil || !called {
		t.Fatalf("called %v, error %v", called, err)
	}
	if content, err := os.ReadFile(policy); err != nil || string(content) != theirs {
		t.Errorf("the policy is now %q, %v", content, err)
	}
}
