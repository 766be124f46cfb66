package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"text/template"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// patience bounds each wait. Past it something hangs, whatever the machine.
	patience = 20 * time.Minute
	poll     = 200 * time.Millisecond
)

// namespace is where one test has its objects.
type namespace struct {
	t    *testing.T
	name string
}

// newNamespace makes a namespace that goes when the test ends. If the test failed, a report of it is kept.
func newNamespace(t *testing.T) namespace {
	t.Helper()
	object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "e2e-",
		// What pods may do at most, as the strictest of Kubernetes' own standards has it.
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := k8s.Create(t.Context(), object); err != nil {
		t.Fatalf("make a namespace: %v", err)
	}
	n := namespace{t, object.Name}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if t.Failed() {
			n.report(ctx)
		}
		if err := client.IgnoreNotFound(k8s.Delete(ctx, object)); err != nil {
			t.Errorf("remove namespace %s: %v", n.name, err)
		}
	})
	return n
}

// apply applies a manifest of testdata, a template, with the values.
func (n namespace) apply(manifest string, values any) {
	n.t.Helper()
	parsed, err := template.ParseFiles(manifest)
	if err != nil {
		n.t.Fatal(err)
	}
	var content bytes.Buffer
	if err := parsed.Option("missingkey=error").Execute(&content, values); err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.CommandContext(n.t.Context(), "kubectl", "--namespace", n.name, "apply", "--server-side", "--force-conflicts", "--filename", "-")
	cmd.Stdin = &content
	if output, err := cmd.CombinedOutput(); err != nil {
		n.t.Fatalf("apply %s: %v: %s", manifest, err, output)
	}
}

// kubectl runs kubectl in the namespace and returns what it prints.
func (n namespace) kubectl(args ...string) (string, error) {
	output, err := exec.CommandContext(n.t.Context(), "kubectl", append([]string{"--namespace", n.name}, args...)...).CombinedOutput()
	return strings.TrimSpace(string(output)), err
}

// exec runs a command in a pod's container and returns what it prints.
func (n namespace) exec(pod, container string, command ...string) (string, error) {
	return n.kubectl(append([]string{"exec", pod, "--container", container, "--"}, command...)...)
}

// get reads an object of the namespace.
func (n namespace) get(ctx context.Context, name string, into client.Object) error {
	return k8s.Get(ctx, client.ObjectKey{Namespace: n.name, Name: name}, into)
}

// eventually waits until check returns nil, and fails the test with what it last returned.
func (n namespace) eventually(what string, check func(context.Context) error) {
	n.t.Helper()
	start := time.Now()
	var last error
	err := wait.PollUntilContextTimeout(n.t.Context(), poll, patience, true, func(ctx context.Context) (bool, error) {
		last = check(ctx)
		return last == nil, nil
	})
	if err != nil {
		n.t.Fatalf("%s, not within %v: %v", what, time.Since(start).Round(time.Second), last)
	}
	n.t.Logf("%s after %.1f s", what, time.Since(start).Seconds())
}

// podReady waits until a pod can serve.
func (n namespace) podReady(name string) {
	n.t.Helper()
	n.eventually("pod "+name+" is ready", func(ctx context.Context) error {
		var pod corev1.Pod
		if err := n.get(ctx, name, &pod); err != nil {
			return err
		}
		if !ready(pod) {
			return fmt.Errorf("it is %s: %+v", pod.Status.Phase, pod.Status.ContainerStatuses)
		}
		return nil
	})
}

func ready(pod corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
