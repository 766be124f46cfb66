package controller

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apps "k8s.io/client-go/applyconfigurations/apps/v1"
	batch "k8s.io/client-go/applyconfigurations/batch/v1"
	"k8s.io/utils/ptr"
)

// These judge the answers to applies, not the cache, which may not know of the change yet.

// statefulSetReady reports whether all pods are as the spec says, and ready.
func statefulSetReady(set *apps.StatefulSetApplyConfiguration) bool {
	if set.Status == nil || ptr.Deref(set.Status.ObservedGeneration, 0) < ptr.Deref(set.Generation, 0) {
		return false
	}
	want := ptr.Deref(set.Spec.Replicas, 1)
	return ptr.Deref(set.Status.Replicas, 0) == want &&
		ptr.Deref(set.Status.UpdatedReplicas, 0) == want &&
		ptr.Deref(set.Status.ReadyReplicas, 0) == want
}

// deploymentReady reports whether all pods are as the spec says, and available, and no others are left.
func deploymentReady(deployment *apps.DeploymentApplyConfiguration) bool {
	if deployment.Status == nil || ptr.Deref(deployment.Status.ObservedGeneration, 0) < ptr.Deref(deployment.Generation, 0) {
		return false
	}
	want := ptr.Deref(deployment.Spec.Replicas, 1)
	return ptr.Deref(deployment.Status.Replicas, 0) == want &&
		ptr.Deref(deployment.Status.UpdatedReplicas, 0) == want &&
		ptr.Deref(deployment.Status.AvailableReplicas, 0) == want
}

// jobState reports whether the Job is complete, or why it failed. A Job that still runs is neither.
func jobState(job *batch.JobApplyConfiguration) (complete bool, failed string) {
	if job.Status == nil {
		return false, ""
	}
	for _, condition := range job.Status.Conditions {
		if ptr.Deref(condition.Status, "") != corev1.ConditionTrue {
			continue
		}
		switch ptr.Deref(condition.Type, "") {
		case batchv1.JobComplete:
			return true, ""
		case batchv1.JobFailed:
			return false, ptr.Deref(condition.Reason, "Failed")
		}
	}
	return false, ""
}
