// Package promtool runs Prometheus' own tool in tests.
package promtool

import (
	"os"
	"os/exec"
	"testing"
)

// Run returns what promtool prints. Where there is none the test is skipped, except in CI: go run ./hack/local install --tests
// installs it.
func Run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") != "" || os.Geteuid() == 0 {
			t.Fatalf("no promtool (Debian's package prometheus): go run ./hack/local install --tests installs it: %v", err)
		}
		t.Skipf("no promtool (Debian's package prometheus): %v", err)
	}
	output, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	return string(output), err
}
