package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"guildhall.chat/guildhall/test/clients/rest"
)

// foreign are parts of commands about what this cluster doesn't have: a metrics-server, the Prometheus operator,
// cert-manager, a certificate; and somebody at a keyboard.
var foreign = regexp.MustCompile(` top |servicemonitor|certificate|tls| edit `)

// isCommand tells commands from what else is on a page. The first kind remembers the primary's name for those after it.
var isCommand = regexp.MustCompile(`^(primary=|kubectl )`)

// TestCommandsOfRunbooksWork runs the commands of the runbooks as they are written, but for the names. Of what changes the
// spec or deletes something, the API server says whether it would: what comes of it is for the other tests.
func TestCommandsOfRunbooksWork(t *testing.T) {
	p := newPlatformWithBackups(t)
	ada, err := rest.Register(t.Context(), p.url, "ada")
	if err != nil {
		t.Fatal(err)
	}
	primary := p.postgresPrimary().Name
	standbys := slices.DeleteFunc(p.pods("postgres"), func(pod corev1.Pod) bool { return pod.Name == primary })
	here := strings.NewReplacer("-n talk ", "-n "+p.namespace.name+" ", "ada@example.com", ada.Email,
		"chat-postgres-1", standbys[0].Name)
	commands := commandsOf(t, "../../docs/runbooks/*.md")
	for _, command := range commands {
		script := "primary=" + primary + "; " + here.Replace(harmless(command))
		if output, err := exec.CommandContext(t.Context(), "sh", "-c", script).CombinedOutput(); err != nil {
			t.Errorf("%s\n%v: %s", command, err, output)
		}
	}
	t.Logf("%d commands", len(commands))
	p.settled()
}

// commandsOf returns each command of some pages once, those last that restart pods.
func commandsOf(t *testing.T, pages string) (commands []string) {
	t.Helper()
	paths, err := filepath.Glob(pages)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no %s: %v", pages, err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(string(content), "\n") {
			if isCommand.MatchString(line) && !foreign.MatchString(line) {
				commands = append(commands, line)
			}
		}
	}
	slices.Sort(commands)
	commands = slices.Compact(commands)
	slices.SortStableFunc(commands, func(a, b string) int { return restarts(a) - restarts(b) })
	return commands
}

func restarts(command string) int { return strings.Count(command, " rollout restart ") }

var changing = regexp.MustCompile(` (patch|scale|delete|create job) `)

// harmless returns a command that ends by itself, that changes nothing for good, and that fails only if kubectl does.
func harmless(command string) string {
	command, _, _ = strings.Cut(command, " | grep ")
	command = strings.TrimSuffix(command, " --watch")
	return changing.ReplaceAllString(command, " $1 --dry-run=server ")
}
