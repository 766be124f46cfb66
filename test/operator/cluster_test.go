package operator

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

const secretName = "guildhall-secrets"

// cluster is a ChatCluster in a namespace of its own.
type cluster struct {
	*testing.T
	namespace string
}

// sample returns the ChatCluster of config/samples whose stores are external: no pods run here that could form others.
func sample(t *testing.T) *v1alpha1.ChatCluster {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config/samples/external.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var c v1alpha1.ChatCluster
	if err := yaml.UnmarshalStrict(content, &c); err != nil {
		t.Fatal(err)
	}
	return &c
}

// newNamespace makes a namespace that admits only restricted pods.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "test-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	if err := k8s.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

// create makes the sample, changed by change, and its Secret.
func create(t *testing.T, change func(*v1alpha1.ChatCluster)) *cluster {
	t.Helper()
	c := &cluster{T: t, namespace: newNamespace(t)}
	c.createSecret(secretData())
	c.createCluster(change)
	return c
}

func secretData() map[string][]byte {
	return map[string][]byte{
		"postgres-dsn":   []byte("postgres://guildhall@postgres/guildhall"),
		"redis-password": []byte("redis"),
		"smtp-password":  []byte("smtp"),
		"s3-access-key":  []byte("access"),
		"s3-secret-key":  []byte("secret"),
	}
}

func (c *cluster) createSecret(data map[string][]byte) {
	c.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secretName, Namespace: c.namespace}, Data: data}
	if err := k8s.Create(c.Context(), secret); err != nil {
		c.Fatal(err)
	}
}

func (c *cluster) createCluster(change func(*v1alpha1.ChatCluster)) {
	c.Helper()
	object := sample(c.T)
	object.Namespace = c.namespace
	if change != nil {
		change(object)
	}
	if err := k8s.Create(c.Context(), object); err != nil {
		c.Fatal(err)
	}
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
	c.patch(object, before)
}

func (c *cluster) patch(object, before client.Object) {
	c.Helper()
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
	items, err := meta.ExtractList(list)
	if err != nil {
		c.Fatal(err)
	}
	names := []string{}
	for _, item := range items {
		object, ok := item.(client.Object)
		if !ok {
			c.Fatalf("%T in a list", item)
		}
		names = append(names, object.GetName())
	}
	slices.Sort(names)
	return names
}

// waitForNames waits until these objects, and no others, are of the list's kind.
func (c *cluster) waitForNames(list client.ObjectList, want ...string) {
	c.Helper()
	eventually(c.T, func() string {
		if have := c.names(list); !slices.Equal(have, want) {
			return fmt.Sprintf("%T: %v instead of %v", list, have, want)
		}
		return ""
	})
}

// migration waits for the one Job, which is not old, and returns its name.
func (c *cluster) migration(old string) (name string) {
	c.Helper()
	eventually(c.T, func() string {
		var others []string
		for _, job := range c.names(&batchv1.JobList{}) {
			if job != old {
				others = append(others, job)
			}
		}
		if len(others) != 1 {
			return fmt.Sprintf("%d Jobs but %q: %v", len(others), old, others)
		}
		name = others[0]
		return ""
	})
	return name
}

// waitFor waits until a condition of the present generation holds (or not) for the reason, and returns its message.
func (c *cluster) waitFor(kind string, holds bool, reason string) (message string) {
	c.Helper()
	want := metav1.ConditionFalse
	if holds {
		want = metav1.ConditionTrue
	}
	eventually(c.T, func() string {
		object := c.get()
		now := meta.FindStatusCondition(object.Status.Conditions, kind)
		if now == nil || now.Status != want || now.Reason != reason ||
			now.ObservedGeneration != object.Generation || object.Status.ObservedGeneration != object.Generation {
			return fmt.Sprintf("generation %d, want %s %s %s: %+v", object.Generation, kind, want, reason, object.Status)
		}
		message = now.Message
		return ""
	})
	return message
}

// waitForWait waits until the rollout waits for the object.
func (c *cluster) waitForWait(reason, object string) {
	c.Helper()
	eventually(c.T, func() string {
		status := c.get().Status
		if status.WaitingFor == nil || status.WaitingFor.Object != object {
			return fmt.Sprintf("want to wait for %s: %+v", object, status)
		}
		return ""
	})
	c.waitFor(v1alpha1.ConditionProgressing, true, reason)
}

// waitForEvent waits for an event about the ChatCluster.
func (c *cluster) waitForEvent(kind, reason string) {
	c.Helper()
	eventually(c.T, func() string {
		var events corev1.EventList
		c.names(&events)
		for _, event := range events.Items {
			if event.InvolvedObject.Kind == "ChatCluster" && event.Type == kind && event.Reason == reason {
				return ""
			}
		}
		return fmt.Sprintf("no %s event %s", kind, reason)
	})
}

// finish does the work of Kubernetes' controllers until everything is as the spec says.
func (c *cluster) finish() {
	c.Helper()
	eventually(c.T, func() string {
		c.settle()
		object := c.get()
		now := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionProgressing)
		if now == nil || now.Reason != v1alpha1.ReasonUpToDate || now.ObservedGeneration != object.Generation {
			return fmt.Sprintf("not up to date: %+v", object.Status)
		}
		return ""
	})
	c.waitFor(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonAllServing)
}

// settle has every workload that there is ready.
func (c *cluster) settle() {
	c.Helper()
	for _, name := range c.names(&batchv1.JobList{}) {
		c.completeJob(name)
	}
	for _, name := range c.names(&appsv1.StatefulSetList{}) {
		c.readyStatefulSet(name)
	}
	for _, name := range c.names(&appsv1.DeploymentList{}) {
		c.readyDeployment(name)
	}
}

// setStatus writes a status as a controller of Kubernetes would. The object may be gone or changed meanwhile: those
// would look again, too.
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

func (c *cluster) readyStatefulSet(name string) {
	c.Helper()
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.setStatus(set, func() {
		n := *set.Spec.Replicas
		set.Status = appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
	})
}

func (c *cluster) readyDeployment(name string) {
	c.Helper()
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}}
	c.setStatus(deployment, func() {
		n := *deployment.Spec.Replicas
		deployment.Status = appsv1.DeploymentStatus{ObservedGeneration: deployment.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
	})
}

func (c *cluster) completeJob(name string) {
	c.endJob(name, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
}

func (c *cluster) failJob(name string) {
	c.endJob(name, batchv1.JobFailureTarget, batchv1.JobFailed)
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

// owned returns everything that the operator makes.
func (c *cluster) owned() (all []client.Object) {
	c.Helper()
	for _, list := range []client.ObjectList{
		&corev1.ServiceAccountList{}, &corev1.ServiceList{}, &corev1.SecretList{}, &policyv1.PodDisruptionBudgetList{},
		&batchv1.JobList{}, &appsv1.StatefulSetList{}, &appsv1.DeploymentList{},
		&rbacv1.RoleList{}, &rbacv1.RoleBindingList{}, &networkingv1.NetworkPolicyList{},
		&networkingv1.IngressList{}, &autoscalingv2.HorizontalPodAutoscalerList{},
	} {
		c.names(list)
		items, err := meta.ExtractList(list)
		if err != nil {
			c.Fatal(err)
		}
		for _, item := range items {
			if object, ok := item.(client.Object); ok && strings.HasPrefix(object.GetName(), "chat-") {
				all = append(all, object)
			}
		}
	}
	return all
}

// readyWorkloads makes all pods but Redis' ready.
func (c *cluster) readyWorkloads() {
	c.Helper()
	for _, name := range c.names(&appsv1.StatefulSetList{}) {
		if name != "chat-redis" {
			c.readyStatefulSet(name)
		}
	}
	for _, name := range c.names(&appsv1.DeploymentList{}) {
		c.readyDeployment(name)
	}
}
