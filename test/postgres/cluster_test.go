package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// cluster is a ChatCluster named chat, in a namespace of its own, with a managed Postgres and nothing else that is managed.
type cluster struct {
	*testing.T
	namespace string
}

// create makes the sample with external stores, but for Postgres, in a namespace that admits only restricted pods.
func create(t *testing.T, postgres v1alpha1.PostgresSpec) *cluster {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("runs containers, which takes root")
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := k8s.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, namespace: namespace.Name}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "guildhall-secrets", Namespace: c.namespace},
		Data:       map[string][]byte{},
	}
	for _, key := range []string{"redis-password", "smtp-password", "s3-access-key", "s3-secret-key"} {
		secret.Data[key] = []byte("secret")
	}
	if err := k8s.Create(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(root, "config/samples/external.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object v1alpha1.ChatCluster
	if err := yaml.UnmarshalStrict(content, &object); err != nil {
		t.Fatal(err)
	}
	object.Namespace, object.Spec.Postgres = c.namespace, postgres
	if err := k8s.Create(t.Context(), &object); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cluster) get() *v1alpha1.ChatCluster {
	c.Helper()
	var object v1alpha1.ChatCluster
	c.read("chat", &object)
	return &object
}

// update changes the spec.
func (c *cluster) update(change func(*v1alpha1.ChatClusterSpec)) {
	c.Helper()
	object := c.get()
	before := object.DeepCopy()
	change(&object.Spec)
	if err := k8s.Patch(c.Context(), object, client.MergeFrom(before)); err != nil {
		c.Fatal(err)
	}
}

// read gets an object that must exist.
func (c *cluster) read(name string, into client.Object) {
	c.Helper()
	if err := k8s.Get(c.Context(), client.ObjectKey{Namespace: c.namespace, Name: name}, into); err != nil {
		c.Fatal(err)
	}
}

// names returns the names of the objects of the list's kind.
func (c *cluster) names(list client.ObjectList) []string {
	c.Helper()
	if err := k8s.List(c.Context(), list, client.InNamespace(c.namespace)); err != nil {
		c.Fatal(err)
	}
	var names []string
	if err := meta.EachListItem(list, func(item runtime.Object) error {
		object, err := meta.Accessor(item)
		names = append(names, object.GetName())
		return err
	}); err != nil {
		c.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// condition waits until a condition of the present generation has the status, and returns it.
func (c *cluster) condition(kind string, status metav1.ConditionStatus) metav1.Condition {
	c.Helper()
	var found metav1.Condition
	within(c.T, func() string {
		object := c.get()
		now := meta.FindStatusCondition(object.Status.Conditions, kind)
		if now == nil || now.Status != status || now.ObservedGeneration != object.Generation {
			return fmt.Sprintf("generation %d: want %s %s: %+v", object.Generation, kind, status, now)
		}
		found = *now
		return ""
	})
	return found
}

// stirring bounds what takes PostgreSQL and Patroni a while, on a busy machine.
const stirring = 3 * time.Minute

// within waits until there is no problem any more.
func within(t *testing.T, check func() string) {
	t.Helper()
	deadline := time.Now().Add(stirring)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", stirring, problem)
		}
		time.Sleep(poll)
	}
}

func differ(have, want string) string {
	if have == want {
		return ""
	}
	return have + " instead of " + want
}

// readyOthers does the work of Kubernetes' controllers for all but Postgres.
func (c *cluster) readyOthers() {
	c.Helper()
	for _, name := range c.names(&batchv1.JobList{}) {
		if !strings.HasPrefix(name, "chat-postgres-") {
			c.endJob(name, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
		}
	}
	for _, name := range c.names(&appsv1.StatefulSetList{}) {
		if name == "chat-postgres" {
			continue
		}
		set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name}}
		c.setStatus(set, func() {
			n := *set.Spec.Replicas
			set.Status = appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
		})
	}
	for _, name := range c.names(&appsv1.DeploymentList{}) {
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}}
		c.setStatus(deployment, func() {
			n := *deployment.Spec.Replicas
			deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
		})
	}
}

// setStatus writes a status as a controller of Kubernetes would.
func (c *cluster) setStatus(object client.Object, set func()) {
	c.Helper()
	err := k8s.Get(c.Context(), client.ObjectKey{Namespace: c.namespace, Name: object.GetName()}, object)
	if notFound(err) {
		return
	}
	if err != nil {
		c.Fatal(err)
	}
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		c.Fatalf("%T", object)
	}
	set()
	if err := k8s.Status().Patch(c.Context(), object, client.MergeFrom(before)); err != nil && !notFound(err) {
		c.Fatal(err)
	}
}

// endJob sets the conditions of a Job that has ended, unless it has.
func (c *cluster) endJob(name string, kinds ...batchv1.JobConditionType) {
	c.Helper()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.setStatus(job, func() {
		if len(job.Status.Conditions) > 0 {
			return
		}
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		job.Status.StartTime = &now
		if slices.Contains(kinds, batchv1.JobComplete) {
			job.Status.CompletionTime, job.Status.Succeeded = &now, 1
		}
		for _, kind := range kinds {
			job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
				Type: kind, Status: corev1.ConditionTrue, Reason: "BackoffLimitExceeded", LastTransitionTime: now,
			})
		}
	})
}
