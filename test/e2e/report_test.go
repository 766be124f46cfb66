package e2e_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// reports is the directory that takes what is left of failed tests.
func reports() string {
	if dir := os.Getenv("E2E_REPORTS"); dir != "" {
		return dir
	}
	return filepath.Join(os.TempDir(), "guildhall-e2e")
}

// report keeps what can be known of the namespace: objects, events, and each container's log, of the run before too; and what
// the operator has said.
func (n namespace) report(ctx context.Context) {
	path := filepath.Join(reports(), strings.ReplaceAll(n.t.Name(), "/", "-")+".txt")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		n.t.Error(err)
		return
	}
	file, err := os.Create(path)
	if err != nil {
		n.t.Error(err)
		return
	}
	defer func() { _ = file.Close() }()
	show := func(args ...string) string {
		output, err := exec.CommandContext(ctx, "kubectl", append([]string{"--namespace", n.name}, args...)...).CombinedOutput()
		_, _ = fmt.Fprintf(file, "\n=== kubectl %s\n%s", strings.Join(args, " "), output)
		if err != nil {
			_, _ = fmt.Fprintln(file, err)
		}
		return string(output)
	}
	show("get", "chatclusters,all,persistentvolumeclaims,configmaps,endpoints", "--output=wide")
	show("get", "chatclusters", "--output=yaml")
	show("get", "events", "--sort-by=.lastTimestamp")
	show("describe", "pods")
	for _, pod := range strings.Fields(show("get", "pods", "--output=name")) {
		show("logs", pod, "--all-containers", "--prefix", "--timestamps", "--tail=2000")
		show("logs", pod, "--all-containers", "--prefix", "--timestamps", "--tail=500", "--previous")
	}
	show("logs", "--namespace", operatorNamespace, "--selector", "app.kubernetes.io/name=guildhall-operator", "--prefix", "--tail=2000")
	n.t.Logf("what is left of namespace %s is in %s", n.name, path)
}
