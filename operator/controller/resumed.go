package controller

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/gateway"
	"guildhall.chat/guildhall/operator/resources"
)

// A shard that restarts tells its sessions to reconnect. The next one only follows when they have resumed, lest a bot is told
// again before it has caught up. Clients that never come back are not waited for.
const (
	// missingPercent is how many of the sessions that there were may be missing, but at least one: a client that was about to
	// leave is no reason to wait.
	missingPercent = 5
	// resumedWithin bounds the wait: past it, who has not come back does not.
	resumedWithin = 2 * time.Minute
	// resumedAgain is how often it is looked, for no watch tells.
	resumedAgain = 2 * time.Second
)

// leave remembers how many sessions there are before a shard restarts.
func (r rollout) leave(ctx context.Context, shard string) error {
	sessions, err := r.sessions(ctx)
	if err != nil || sessions == 0 {
		return err
	}
	r.platform.Cluster.Status.Gateway.Moving = &v1alpha1.MovingSessions{
		From: shard, Sessions: int32(min(sessions, 1<<30)), Since: metav1.NewTime(time.Now()).Rfc3339Copy(),
	}
	return nil
}

// resumed waits for the sessions of a shard that has restarted.
func (r rollout) resumed(ctx context.Context, set *appsv1.StatefulSet) (progress, error) {
	moving := r.platform.Cluster.Status.Gateway.Moving
	if moving == nil || moving.From != set.Name {
		return progress{}, nil
	}
	now, err := r.sessions(ctx)
	if err != nil {
		return progress{}, err
	}
	before := int(moving.Sessions)
	if before-now <= max(1, before*missingPercent/100) || time.Since(moving.Since.Time) > resumedWithin {
		r.platform.Cluster.Status.Gateway.Moving = nil
		return progress{}, nil
	}
	return progress{
		reason:  v1alpha1.ReasonRollingGateway,
		waiting: fmt.Sprintf("sessions of StatefulSet %s to resume", set.Name),
		advice:  "see the gateway's metric guildhall_gateway_resumes_total",
		again:   resumedAgain,
	}, nil
}

// sessions counts those of all gateway pods.
func (r rollout) sessions(ctx context.Context) (int, error) {
	var pods corev1.PodList
	if err := r.list(ctx, &pods, resources.Gateway); err != nil {
		return 0, err
	}
	var addrs []string
	for _, pod := range pods.Items {
		if pod.Status.PodIP != "" {
			addrs = append(addrs, net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(resources.AdminPort)))
		}
	}
	return gateway.Sessions(ctx, addrs), nil
}
