package e2e_test

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// steadyFor is how long the operator is watched when nothing changes: some of its looks at Redis and Postgres.
const steadyFor = 90 * time.Second

// TestNothingIsWrittenWhenNothingChanges watches what the operator asks a real API server, which sets defaults, for a platform
// whose stores and pods are real: their heartbeats bring passes, none of which may write anything, or take a default for drift.
func TestNothingIsWrittenWhenNothingChanges(t *testing.T) {
	p := newPlatform(t, nil)
	p.whole()
	p.eventually("it is the operator's only one", func(ctx context.Context) error {
		var all v1alpha1.ChatClusterList
		if err := k8s.List(ctx, &all); err != nil || len(all.Items) == 1 {
			return err
		}
		return fmt.Errorf("of tests before, %d are still being deleted", len(all.Items)-1)
	})
	before := p.operatorDid()
	time.Sleep(steadyFor) // a span to watch, not a wait
	after := p.operatorDid()
	if after.passes <= before.passes {
		t.Errorf("no pass in %v", steadyFor)
	}
	if after.writes != before.writes {
		t.Errorf("%v requests that write in %v passes", after.writes-before.writes, after.passes-before.passes)
	}
	if after.drift != before.drift {
		t.Errorf("%v objects were put back that nobody had changed", after.drift-before.drift)
	}
	t.Logf("%v passes, %v requests that write, %v objects put back", after.passes-before.passes, after.writes-before.writes, after.drift-before.drift)
}

// operatorDid is what the operator's pods have done since they started.
type operatorDid struct {
	passes, drift float64
	writes        float64 // requests but for the lease, which is a PUT
}

func (p *platform) operatorDid() (did operatorDid) {
	p.t.Helper()
	names, err := p.kubectl("get", "pods", "--namespace", operatorNamespace, "--output", "name")
	if err != nil {
		p.t.Fatalf("%v: %s", err, names)
	}
	for _, name := range strings.Fields(names) {
		content, err := p.kubectl("get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:9090/proxy/metrics", operatorNamespace, strings.TrimPrefix(name, "pod/")))
		if err != nil {
			p.t.Fatalf("metrics of %s: %v: %s", name, err, content)
		}
		lines := bufio.NewScanner(strings.NewReader(content))
		for lines.Scan() {
			series, text, _ := strings.Cut(lines.Text(), "} ")
			value, err := strconv.ParseFloat(text, 64)
			if err != nil {
				continue // a comment, or a series without labels
			}
			name, labels, _ := strings.Cut(series, "{")
			switch name {
			case "controller_runtime_reconcile_total":
				did.passes += value
			case "guildhall_operator_drift_corrected_total":
				did.drift += value
			case "rest_client_requests_total":
				if !strings.Contains(labels, `method="GET"`) && !strings.Contains(labels, `method="PUT"`) {
					did.writes += value
				}
			}
		}
	}
	if did.writes == 0 {
		p.t.Fatal("the operator does not count its requests")
	}
	return did
}
