//go:build linux

package node

import (
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestClusterIsDownWhenItsFirstProcessIsNot(t *testing.T) {
	t.Parallel()
	c := Cluster{Dir: t.TempDir()}
	if _, err := c.PID(); !errors.Is(err, ErrDown) {
		t.Errorf("never up: %v", err)
	}
	cmd := exec.CommandContext(t.Context(), "sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := c.saveFirst(cmd.Process.Pid); err != nil {
		t.Fatal(err)
	}
	if pid, err := c.PID(); err != nil || pid != cmd.Process.Pid {
		t.Errorf("up: %d, %v", pid, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if _, err := c.PID(); !errors.Is(err, ErrDown) {
		t.Errorf("after its end: %v", err)
	}
	// Another process with its number.
	if err := c.saveFirst(os.Getpid()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(c.path("init.json"))
	if err != nil {
		t.Fatal(err)
	}
	content = regexp.MustCompile(`"Started":"\d+"`).ReplaceAll(content, []byte(`"Started":"1"`))
	if err := os.WriteFile(c.path("init.json"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PID(); !errors.Is(err, ErrDown) {
		t.Errorf("its number is another's: %v", err)
	}
}

// Every address in what is written is the cluster's own, of a network that is never routed, or the loopback.
func TestConfigurationIsWholeAndKeepsToItsNetworks(t *testing.T) {
	t.Parallel()
	c := Cluster{Dir: t.TempDir(), Pause: "pause:1", CoreDNS: "coredns:1"}
	if err := c.prepare(); err != nil {
		t.Fatal(err)
	}
	own := netip.MustParsePrefix("198.18.0.0/15")
	address := regexp.MustCompile(`\b\d+\.\d+\.\d+\.\d+\b`)
	for _, pattern := range []string{"config/*", "manifests/*", "pki/*.kubeconfig"} {
		paths, err := filepath.Glob(c.path(pattern))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, found := range address.FindAllString(string(content), -1) {
				if parsed, err := netip.ParseAddr(found); err != nil || !own.Contains(parsed) && !parsed.IsLoopback() && !parsed.IsUnspecified() {
					t.Errorf("%s names %s", path, found)
				}
			}
			if ext := filepath.Ext(path); ext == ".conflist" || ext == ".kubeconfig" || path == c.path("config", "kubelet.yaml") {
				var parsed map[string]any
				if err := yaml.Unmarshal(content, &parsed); err != nil || len(parsed) == 0 {
					t.Errorf("%s: %v", path, err)
				}
			}
		}
	}
}
