package operator

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func zero() *resource.Quantity { return resource.NewQuantity(0, resource.DecimalSI) }

// metric returns the sum of a metric of the operator over the label sets that contain all of these.
func metric(t *testing.T, name string, labels ...string) (sum float64) {
	t.Helper()
	response, err := http.Get("http://" + adminAddr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
next:
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), "} ")
		if !strings.HasPrefix(series, name+"{") {
			continue
		}
		for _, label := range labels {
			if !strings.Contains(series, label) {
				continue next
			}
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// plainMetric returns a metric of the operator that has no labels.
func plainMetric(t *testing.T, name string) float64 {
	t.Helper()
	response, err := http.Get("http://" + adminAddr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// passed counts the passes that came to an end.
func passed(t *testing.T) float64 {
	t.Helper()
	return metric(t, "controller_runtime_reconcile_total") - metric(t, "controller_runtime_reconcile_total", `result="error"`)
}

// settled waits until the operator has seen all that happened: it has done a pass since, and has no other to do.
func (c *cluster) settled() {
	c.Helper()
	before := metric(c.T, "controller_runtime_reconcile_total")
	object := c.get()
	copied := object.DeepCopy()
	object.Annotations = map[string]string{"test/poked": fmt.Sprint(before)}
	c.patch(object, copied)
	waitForPass(c.T, before)
}

// waitForPass waits until the operator has done more passes than before, and has no other to do.
func waitForPass(t *testing.T, before float64) {
	t.Helper()
	eventually(t, func() string {
		if passes := metric(t, "controller_runtime_reconcile_total"); passes == before {
			return "no pass"
		}
		if busy := metric(t, "controller_runtime_active_workers") + metric(t, "workqueue_depth"); busy != 0 {
			return fmt.Sprintf("%v passes to do", busy)
		}
		return ""
	})
}

// Not parallel: it watches what the operator does, and others would give it work.
func TestNothingIsWrittenWhenNothingChanges(t *testing.T) {
	c := create(t, nil)
	c.finish()
	c.settled()
	versions := func() map[string]string {
		seen := map[string]string{}
		for _, object := range c.owned() {
			seen[fmt.Sprintf("%T %s", object, object.GetName())] = object.GetResourceVersion()
		}
		var events corev1.EventList
		seen["events"] = fmt.Sprint(c.names(&events))
		return seen
	}
	before := versions()
	if len(before) < 15 {
		t.Fatalf("watches %d objects only", len(before))
	}
	passes := passed(t)
	for range 5 {
		c.settled()
	}
	if now := passed(t); now < passes+5 {
		t.Fatalf("%v passes only", now-passes)
	}
	poked := c.get().ResourceVersion
	c.waitFor(v1alpha1.ConditionProgressing, false, v1alpha1.ReasonUpToDate)
	if after := versions(); !maps.Equal(before, after) {
		t.Errorf("written:\n%v\n%v", before, after)
	}
	if now := c.get().ResourceVersion; now != poked {
		t.Errorf("status written: %s, %s", poked, now)
	}
}

func TestDriftIsPutBack(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()

	if err := k8s.Delete(t.Context(), &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "chat-api", Namespace: c.namespace}}); err != nil {
		t.Fatal(err)
	}
	c.waitForNames(&corev1.ServiceList{}, "chat-api", "chat-gateway", "chat-metrics", "chat-shard-router")

	var deployment appsv1.Deployment
	c.read("chat-api", &deployment)
	before := deployment.DeepCopy()
	deployment.Spec.Replicas = ptr.To[int32](0)
	deployment.Spec.Template.Spec.Containers[0].Image = "elsewhere:1"
	delete(deployment.Labels, "app.kubernetes.io/managed-by")
	c.patch(&deployment, before)
	eventually(t, func() string {
		c.read("chat-api", &deployment)
		image := deployment.Spec.Template.Spec.Containers[0].Image
		if *deployment.Spec.Replicas != 2 || image != "guildhall:dev" || deployment.Labels["app.kubernetes.io/managed-by"] == "" {
			return fmt.Sprintf("%d replicas of %s, labels %v", *deployment.Spec.Replicas, image, deployment.Labels)
		}
		return ""
	})

	// What the operator does not decide is left alone.
	before = deployment.DeepCopy()
	deployment.Annotations = map[string]string{"example.com/note": "mine"}
	c.patch(&deployment, before)
	c.settled()
	c.read("chat-api", &deployment)
	if deployment.Annotations["example.com/note"] != "mine" {
		t.Error("a foreign annotation is gone")
	}
}

// Not parallel, for the same reason.
func TestDeletedClusterIsLeftToTheGarbageCollector(t *testing.T) {
	c := create(t, nil)
	c.finish()
	object := c.get()
	all := c.owned()
	for _, o := range all {
		owner := metav1.GetControllerOf(o)
		if _, data := o.(*corev1.Secret); data {
			if owner != nil {
				t.Errorf("Secret %s is deleted with the ChatCluster", o.GetName())
			}
			continue
		}
		if owner == nil || owner.UID != object.UID || !ptr.Deref(owner.BlockOwnerDeletion, false) {
			t.Errorf("%T %s is not owned by the ChatCluster: %v", o, o.GetName(), owner)
		}
	}
	c.settled()
	// The garbage collector, which does not run here, would also delete what a pass makes that has begun before.
	passes := metric(t, "controller_runtime_reconcile_total")
	if err := k8s.Delete(t.Context(), object, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
		t.Fatal(err)
	}
	waitForPass(t, passes)
	passes = metric(t, "controller_runtime_reconcile_total")
	for _, o := range all {
		if _, data := o.(*corev1.Secret); data {
			continue
		}
		if err := k8s.Delete(t.Context(), o, client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
	}
	waitForPass(t, passes)
	if left := c.owned(); len(left) != 1 || left[0].GetName() != "chat-keys" {
		t.Errorf("want the generated Secret alone to be left: %d objects", len(left))
	}
}
