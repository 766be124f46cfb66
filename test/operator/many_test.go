package operator

import (
	"bufio"
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/discovery"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// many is how many ChatClusters one operator is to hold.
const many = 200

// atOnce is how many of them the test brings up side by side.
const atOnce = 4

// A request that changes something, on anything but the operator's lease and the events that it sends.
var mutating = regexp.MustCompile(`^apiserver_request_total\{.*verb="(APPLY|DELETE|DELETECOLLECTION|PATCH|POST|PUT)".*\} (\S+)$`)

// mutations returns how many requests have asked the API server to change something.
func mutations(t *testing.T) (total float64) {
	t.Helper()
	content, err := discovery.NewDiscoveryClientForConfigOrDie(config).RESTClient().Get().AbsPath("/metrics").Do(t.Context()).Raw()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(content))
	lines.Buffer(nil, 1<<20)
	seen := false
	for lines.Scan() {
		match := mutating.FindStringSubmatch(lines.Text())
		if match == nil || strings.Contains(match[0], `resource="leases"`) {
			continue
		}
		n, err := strconv.ParseFloat(match[2], 64)
		if err != nil {
			t.Fatal(err)
		}
		total, seen = total+n, true
	}
	if !seen {
		t.Fatal("the API server does not count its requests")
	}
	return total
}

// Not parallel: it counts all that happens. An apply that changes nothing counts, too.
func TestManyChatClustersCostNothingWhenNothingChanges(t *testing.T) {
	if testing.Short() {
		t.Skip("brings up hundreds of ChatClusters")
	}
	clusters := make([]*cluster, many)
	var group sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range clusters {
		group.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if t.Failed() {
				return
			}
			clusters[i] = create(t, func(c *v1alpha1.ChatCluster) { c.Spec.Gateway.Shards = 1 })
			clusters[i].finish()
		})
	}
	group.Wait()
	if t.Failed() {
		t.FailNow()
	}
	clusters[0].settled()

	passes, before := metric(t, "controller_runtime_reconcile_total"), mutations(t)
	spent := metric(t, "controller_runtime_reconcile_time_seconds_sum")
	for _, c := range clusters {
		object := c.get()
		copied := object.DeepCopy()
		object.Annotations = map[string]string{"test/poked": "all"}
		c.patch(object, copied)
	}
	eventually(t, func() string {
		if now := metric(t, "controller_runtime_reconcile_total"); now < passes+many {
			return fmt.Sprintf("%v passes", now-passes)
		}
		return ""
	})
	waitForPass(t, passes)
	if asked := mutations(t) - before - many; asked != 0 {
		t.Errorf("%v requests that change something in %v passes over ChatClusters that had not changed", asked, metric(t, "controller_runtime_reconcile_total")-passes)
	}
	done := metric(t, "controller_runtime_reconcile_total") - passes
	t.Logf("%d ChatClusters, %v passes: %.1f ms each, the operator holds %.0f MiB", many, done,
		(metric(t, "controller_runtime_reconcile_time_seconds_sum")-spent)/done*1000, plainMetric(t, "process_resident_memory_bytes")/(1<<20))
}
