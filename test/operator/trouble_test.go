package operator

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func TestMissingSecretIsSaidAndHeals(t *testing.T) {
	t.Parallel()
	c := &cluster{T: t, namespace: newNamespace(t)}
	c.createCluster(nil)
	if message := c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonSecretMissing); !strings.Contains(message, secretName) {
		t.Errorf("%q does not name the Secret", message)
	}
	c.waitForEvent(corev1.EventTypeWarning, v1alpha1.ReasonSecretMissing)
	c.waitFor(v1alpha1.ConditionProgressing, false, v1alpha1.ReasonBlocked)

	data := secretData()
	dsn := data["postgres-dsn"]
	delete(data, "postgres-dsn")
	c.createSecret(data)
	if message := c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonSecretKeyMissing); !strings.Contains(message, "postgres-dsn") {
		t.Errorf("%q does not name the key", message)
	}
	c.changeSecret("postgres-dsn", dsn)
	c.waitFor(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected)
	c.finish()
}

func (c *cluster) changeSecret(key string, value []byte) {
	c.Helper()
	var secret corev1.Secret
	c.read(secretName, &secret)
	before := secret.DeepCopy()
	secret.Data[key] = value
	c.patch(&secret, before)
}

func TestChangedSecretRollsWhatReadsIt(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	hashes := func() map[string]string {
		seen := map[string]string{}
		for _, object := range c.owned() {
			switch object := object.(type) {
			case *appsv1.StatefulSet:
				seen[object.Name] = object.Spec.Template.Annotations["guildhall.chat/secret-hash"]
			case *appsv1.Deployment:
				seen[object.Name] = object.Spec.Template.Annotations["guildhall.chat/secret-hash"]
			}
		}
		return seen
	}
	before := hashes()
	c.changeSecret("redis-password", []byte("hunter2"))
	c.settled()
	c.finish()
	after := hashes()
	for name := range before {
		// The shard router reads the signing keys alone.
		if rolled, want := before[name] != after[name], name != "chat-shard-router"; rolled != want {
			t.Errorf("%s rolled: %v", name, rolled)
		}
	}
	if len(before) != 5 {
		t.Errorf("%d workloads", len(before))
	}
	c.changeSecret("unrelated", []byte("x"))
	c.settled()
	if now := hashes(); now["chat-api"] != after["chat-api"] {
		t.Error("a key that nobody reads rolls pods")
	}
}

func TestFailedMigrationStopsTheRollout(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	job := c.migration("")
	c.failJob(job)
	message := c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonMigrationFailed)
	if !strings.Contains(message, "job/"+job) {
		t.Errorf("%q does not name the Job", message)
	}
	c.waitForEvent(corev1.EventTypeWarning, v1alpha1.ReasonMigrationFailed)
	c.waitForNames(&appsv1.StatefulSetList{})

	err := k8s.Delete(t.Context(), &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: job, Namespace: c.namespace}},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	if err != nil {
		t.Fatal(err)
	}
	c.waitFor(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected)
	c.finish()
}

func TestObjectThatIsRefusedIsSaid(t *testing.T) {
	t.Parallel()
	c := &cluster{T: t, namespace: newNamespace(t)}
	c.createSecret(secretData())
	quota := &corev1.ResourceQuota{ObjectMeta: metav1.ObjectMeta{Name: "none", Namespace: c.namespace}}
	quota.Spec.Hard = corev1.ResourceList{"count/services": *zero()}
	if err := k8s.Create(t.Context(), quota); err != nil {
		t.Fatal(err)
	}
	c.setStatus(quota, func() { quota.Status.Hard, quota.Status.Used = quota.Spec.Hard, quota.Spec.Hard })
	c.createCluster(nil)
	if message := c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonApplyRefused); !strings.Contains(message, "quota") {
		t.Errorf("%q does not say why", message)
	}
}

func TestLostShardIsNotAvailable(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "chat-gateway-1"}}
	c.setStatus(set, func() { set.Status.ReadyReplicas, set.Status.AvailableReplicas = 0, 0 })
	if message := c.waitFor(v1alpha1.ConditionAvailable, false, v1alpha1.ReasonNotServing); !strings.Contains(message, "shard 1") {
		t.Errorf("%q does not name the shard", message)
	}
	c.waitForEvent(corev1.EventTypeWarning, v1alpha1.ReasonNotServing)
	c.finish()
}
