package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
)

// statefulSetReady reports whether all pods are as the spec says, and ready.
func statefulSetReady(set *appsv1.StatefulSet) bool {
	want := ptr.Deref(set.Spec.Replicas, 1)
	return set.Status.ObservedGeneration >= set.Generation &&
		set.Status.Replicas == want && set.Status.UpdatedReplicas == want && set.Status.ReadyReplicas == want
}

// deploymentReady reports whether all pods are as the spec says, and available, and no others are left.
func deploymentReady(deployment *appsv1.Deployment) bool {
	want := ptr.Deref(deployment.Spec.Replicas, 1)
	status := deployment.Status
	return status.ObservedGeneration >= deployment.Generation &&
		status.Replicas == want && status.UpdatedReplicas == want && status.AvailableReplicas == want
}

// jobState reports whether the Job is complete, or why it failed. A Job that still runs is neither.
func jobState(job *batchv1.Job) (complete bool, failed string) {
	for _, condition := range job.Status.Conditions {
		if condition.Status != corev1.ConditionTrue {
			continue
		}
		switch condition.Type {
		case batchv1.JobComplete:
			return true, ""
		case batchv1.JobFailed:
			return false, "reason " + condition.Reason
		}
	}
	return false, ""
}
