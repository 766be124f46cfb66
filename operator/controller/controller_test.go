package controller

import (
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func TestStatefulSetIsReadyWhenAllPodsAreOfThisGeneration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status appsv1.StatefulSetStatus
		want   bool
	}{
		"ready":                {appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2}, true},
		"not looked at":        {appsv1.StatefulSetStatus{ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 2}, false},
		"a pod of before":      {appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 1, ReadyReplicas: 2}, false},
		"an unready pod":       {appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 1}, false},
		"a pod that has to go": {appsv1.StatefulSetStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 2, ReadyReplicas: 2}, false},
		"just made":            {appsv1.StatefulSetStatus{}, false},
	} {
		set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Spec: appsv1.StatefulSetSpec{Replicas: ptr.To[int32](2)}, Status: c.status}
		if have := statefulSetReady(set); have != c.want {
			t.Errorf("%s: %v", name, have)
		}
	}
}

func TestDeploymentIsReadyWhenAllPodsAreOfThisGeneration(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status appsv1.DeploymentStatus
		want   bool
	}{
		"ready":              {appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}, true},
		"not looked at":      {appsv1.DeploymentStatus{ObservedGeneration: 1, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}, false},
		"an old pod is left": {appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 3, UpdatedReplicas: 2, AvailableReplicas: 2}, false},
		"an unready pod":     {appsv1.DeploymentStatus{ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 1}, false},
		"just made":          {appsv1.DeploymentStatus{}, false},
	} {
		deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Spec: appsv1.DeploymentSpec{Replicas: ptr.To[int32](2)}, Status: c.status}
		if have := deploymentReady(deployment); have != c.want {
			t.Errorf("%s: %v", name, have)
		}
	}
}

func TestJobState(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind     batchv1.JobConditionType
		status   corev1.ConditionStatus
		complete bool
		failed   string
	}{
		"complete":      {batchv1.JobComplete, corev1.ConditionTrue, true, ""},
		"failed":        {batchv1.JobFailed, corev1.ConditionTrue, false, "reason Why"},
		"not complete":  {batchv1.JobComplete, corev1.ConditionFalse, false, ""},
		"about to fail": {batchv1.JobFailureTarget, corev1.ConditionTrue, false, ""},
	} {
		job := &batchv1.Job{Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: c.kind, Status: c.status, Reason: "Why"}}}}
		if complete, failed := jobState(job); complete != c.complete || failed != c.failed {
			t.Errorf("%s: %v, %q", name, complete, failed)
		}
	}
	if complete, failed := jobState(&batchv1.Job{}); complete || failed != "" {
		t.Error("a Job that was just made has ended")
	}
}

func TestTooLongAWaitIsAFailure(t *testing.T) {
	t.Parallel()
	r := &Reconciler{Deadline: 5 * time.Minute}
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var status v1alpha1.ChatClusterStatus
	wait := func(object string, after time.Duration) (progress, time.Duration) {
		p := progress{reason: v1alpha1.ReasonRollingGateway, waiting: object, advice: "see pods"}
		return p, r.judgeWait(&status, &p, start.Add(after))
	}
	if p, next := wait("StatefulSet a", 0); p.failed != nil || next != 5*time.Minute {
		t.Errorf("at the start: %+v, again in %v", p.failed, next)
	}
	if p, next := wait("StatefulSet a", 4*time.Minute); p.failed != nil || next != time.Minute {
		t.Errorf("in time: %+v, again in %v", p.failed, next)
	}
	p, next := wait("StatefulSet a", 5*time.Minute)
	if p.failed == nil || next != 0 {
		t.Fatalf("too late, yet no failure, again in %v", next)
	}
	if p.failed.reason != v1alpha1.ReasonNotReadyInTime || !strings.Contains(p.failed.message, "StatefulSet a") || !strings.Contains(p.failed.message, "see pods") {
		t.Errorf("%+v", p.failed)
	}
	if p, _ := wait("StatefulSet b", 6*time.Minute); p.failed != nil || !status.WaitingFor.Since.Time.Equal(start.Add(6*time.Minute)) {
		t.Errorf("another object has no time of its own: %+v", status.WaitingFor)
	}
	done := progress{reason: v1alpha1.ReasonUpToDate}
	if next := r.judgeWait(&status, &done, start); next != 0 || status.WaitingFor != nil {
		t.Errorf("waits for nothing: again in %v, %+v", next, status.WaitingFor)
	}
}

func TestConditionsAreBoundedAndComplete(t *testing.T) {
	t.Parallel()
	cluster := &v1alpha1.ChatCluster{ObjectMeta: metav1.ObjectMeta{Generation: 3}}
	setConditions(cluster, progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
		reason: v1alpha1.ReasonApplyRefused, message: strings.Repeat("ä", 40000),
	}}, firstOf(strings.Split(strings.Repeat("x ", 500), " "), 8))
	if len(cluster.Status.Conditions) != 3 {
		t.Fatalf("%d conditions", len(cluster.Status.Conditions))
	}
	for _, condition := range cluster.Status.Conditions {
		if condition.ObservedGeneration != 3 || condition.Message == "" || len(condition.Message) > maxMessage+3 || strings.ToValidUTF8(condition.Message, "") != condition.Message {
			t.Errorf("%s: %d bytes", condition.Type, len(condition.Message))
		}
	}
	if !meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionDegraded) {
		t.Error("not degraded")
	}
}
