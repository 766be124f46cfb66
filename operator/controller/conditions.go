package controller

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// maxMessage bounds what a condition quotes of the API server, in bytes; the schema's limit is 32768.
const maxMessage = 1024

// setCondition sets one condition.
func setCondition(cluster *v1alpha1.ChatCluster, kind string, holds bool, reason, message string) {
	status := metav1.ConditionFalse
	if holds {
		status = metav1.ConditionTrue
	}
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "..."
	}
	meta.SetStatusCondition(&cluster.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: cluster.Generation,
	})
}

// component sets the condition of a component: ready as the spec says, or what is missing.
func component(cluster *v1alpha1.ChatCluster, kind string, missing string) {
	if missing == "" {
		setCondition(cluster, kind, true, v1alpha1.ReasonReady, "as the spec says")
		return
	}
	setCondition(cluster, kind, false, v1alpha1.ReasonNotReady, missing)
}

// setConditions sets the three conditions of the whole. missing names the components that can't serve.
func setConditions(cluster *v1alpha1.ChatCluster, reached progress, missing []string) {
	set := func(kind string, holds bool, reason, message string) {
		setCondition(cluster, kind, holds, reason, message)
	}

	if len(missing) == 0 {
		set(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonAllServing, "every component has a pod that can serve")
	} else {
		set(v1alpha1.ConditionAvailable, false, v1alpha1.ReasonNotServing, "no pod can serve: "+strings.Join(missing, "; "))
	}

	switch {
	case reached.reason == v1alpha1.ReasonUpToDate:
		set(v1alpha1.ConditionProgressing, false, reached.reason, "everything is as the spec says")
	case reached.waiting != "":
		set(v1alpha1.ConditionProgressing, true, reached.reason, "waiting for "+reached.waiting)
	default:
		set(v1alpha1.ConditionProgressing, false, reached.reason, "see Degraded")
	}

	if reached.failed != nil {
		set(v1alpha1.ConditionDegraded, true, reached.failed.reason, reached.failed.message)
	} else {
		set(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected, "nothing needs attention")
	}
}

// announce makes an event of each condition whose status or reason is not as before.
func (r *Reconciler) announce(cluster *v1alpha1.ChatCluster, before []metav1.Condition) {
	for _, now := range cluster.Status.Conditions {
		old := meta.FindStatusCondition(before, now.Type)
		if old != nil && old.Status == now.Status && old.Reason == now.Reason {
			continue
		}
		kind := corev1.EventTypeNormal
		if now.Type == v1alpha1.ConditionDegraded && now.Status == metav1.ConditionTrue ||
			now.Type == v1alpha1.ConditionAvailable && now.Status == metav1.ConditionFalse && old != nil {
			kind = corev1.EventTypeWarning
		}
		r.Recorder.Event(cluster, kind, now.Reason, now.Type+" is "+string(now.Status)+": "+now.Message)
		r.Log.Info("condition changed", "namespace", cluster.Namespace, "chatcluster", cluster.Name,
			"condition", now.Type, "status", string(now.Status), "reason", now.Reason, "message", now.Message)
	}
}
