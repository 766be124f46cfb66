package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/monitoring/dashboards"
	"guildhall.chat/guildhall/monitoring/rules"
	"guildhall.chat/guildhall/operator/resources"
)

// sections are what a runbook has, in this order.
var sections = []string{"What users notice", "How to confirm", "What to do", "How to know that it is over"}

// runbooks returns the runbooks by their paths.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	return pages(t, "docs/runbooks/*.md")
}

func pages(t *testing.T, patterns ...string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			texts[path] = string(content)
		}
	}
	return texts
}

// fenced returns a page's blocks of a language.
func fenced(text, language string) (blocks []string) {
	for _, match := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

func TestEachAlertHasItsRunbook(t *testing.T) {
	t.Parallel()
	alerts := map[string]bool{}
	for _, alert := range rules.Alerts(rules.Production) {
		alerts[alert.Name] = true
	}
	found := map[string]bool{}
	for path, text := range runbooks(t) {
		name := strings.TrimSuffix(filepath.Base(path), ".md")
		found[name] = true
		if !alerts[name] {
			t.Errorf("%s is the runbook of no alert", path)
		}
		if !strings.HasPrefix(text, "# "+name+"\n") {
			t.Errorf("%s is not titled by its alert", path)
		}
		var have []string
		for _, part := range strings.Split(text, "\n## ")[1:] {
			title, content, _ := strings.Cut(part, "\n")
			have = append(have, title)
			if strings.TrimSpace(content) == "" {
				t.Errorf("%s: %q is empty", path, title)
			}
		}
		if !slices.Equal(have, sections) {
			t.Errorf("%s has the sections %q, not %q", path, have, sections)
		}
	}
	for name := range alerts {
		if !found[name] {
			t.Errorf("alert %s has no docs/runbooks/%[1]s.md", name)
		}
	}
}

// The panels lead somewhere, and so do the links between the pages.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	docs := filepath.Join(root, "docs")
	for _, link := range dashboards.Links() {
		leads(t, "dashboard "+link.Dashboard+", "+link.Panel, docs, link.Doc)
	}
	link := regexp.MustCompile(`\]\(([^):]+)\)`)
	for path, text := range pages(t, "docs/runbooks/*.md", "docs/operations.md", "docs/dashboards.md") {
		for _, match := range link.FindAllStringSubmatch(text, -1) {
			leads(t, path, filepath.Dir(path), match[1])
		}
	}
}

// leads checks that a link is to a page, and to one of its headings.
func leads(t *testing.T, from, dir, link string) {
	t.Helper()
	path, anchor, _ := strings.Cut(link, "#")
	if path == "" {
		path = filepath.Base(from)
	}
	_, err := os.Stat(filepath.Join(dir, path))
	if err != nil {
		t.Errorf("%s leads to %s: %v", from, link, err)
	}
	if err != nil || anchor == "" {
		return
	}
	content, err := os.ReadFile(filepath.Join(dir, path))
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(string(content), -1) {
		heading := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(match[1]), "")
		if strings.ReplaceAll(heading, " ", "-") == anchor {
			return
		}
	}
	t.Errorf("%s leads to %s, which has no such heading", from, link)
}

var (
	objectInCommand   = regexp.MustCompile(`\b(deployment|statefulset|cronjob|configmap|service)[/ ]([a-z0-9][-a-z0-9]*)`)
	selectorInCommand = regexp.MustCompile(` -l ([^ "'\n]+)`)
	podInCommand      = regexp.MustCompile(`\b(?:exec|pod) (?:-it )?(chat-[-a-z0-9]+)`)
)

// Commands name objects that the operator makes, by the names and labels that it gives them.
func TestCommandsNameWhatThereIs(t *testing.T) {
	t.Parallel()
	platform := resources.Platform{Cluster: &v1alpha1.ChatCluster{
		ObjectMeta: metav1.ObjectMeta{Name: "chat", Namespace: "talk"},
		Spec: v1alpha1.ChatClusterSpec{
			Gateway: v1alpha1.GatewaySpec{Shards: 2},
			Postgres: v1alpha1.PostgresSpec{Backup: &v1alpha1.BackupSpec{
				Schedule: "17 3 * * *", BackupRepository: v1alpha1.BackupRepository{VolumeClaimName: "backups"},
			}},
		},
	}}
	objects := map[string]bool{
		"deployment guildhall-operator":                                       true, // of the chart, and of config/manager
		"deployment " + *platform.APIDeployment().Name:                        true,
		"deployment " + *platform.WorkerDeployment().Name:                     true,
		"deployment " + *platform.ShardRouterDeployment().Name:                true,
		"configmap " + *platform.ShardMapConfigMap(resources.ShardMap{}).Name: true,
		"cronjob " + *platform.PostgresBackupCronJob().Name:                   true,
	}
	components := []string{
		"", resources.Gateway, resources.API, resources.Worker, resources.ShardRouter, resources.Redis, resources.Postgres,
		resources.PostgresBackup, resources.Migrate,
	}
	for path, text := range pages(t, "docs/runbooks/*.md", "docs/operations.md") {
		for _, block := range fenced(text, "sh") {
			for _, match := range objectInCommand.FindAllStringSubmatch(block, -1) {
				if !objects[match[1]+" "+match[2]] {
					t.Errorf("%s: there is no %s %s", path, match[1], match[2])
				}
			}
			for _, match := range podInCommand.FindAllStringSubmatch(block, -1) {
				if !regexp.MustCompile(`^chat-(gateway-[01]-\d|redis-\d|postgres-\d)$`).MatchString(match[1]) {
					t.Errorf("%s: no pod is called %s", path, match[1])
				}
			}
			for _, match := range selectorInCommand.FindAllStringSubmatch(block, -1) {
				if strings.HasPrefix(match[1], "kubernetes.io/service-name=") {
					continue // of Kubernetes' own, on EndpointSlices
				}
				selector, err := labels.Parse(match[1])
				if err != nil {
					t.Errorf("%s: %s: %v", path, match[1], err)
					continue
				}
				if !slices.ContainsFunc(components, func(c string) bool { return selector.Matches(labels.Set(platform.Labels(c))) }) {
					t.Errorf("%s: %s selects nothing", path, match[1])
				}
			}
		}
	}
}
