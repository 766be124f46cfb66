package controller

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/operator/redis"
	"guildhall.chat/guildhall/operator/resources"
)

const (
	// When to look at Redis again: what goes on inside it, no watch tells.
	redisUnderWay = time.Second
	redisMoving   = 50 * time.Millisecond // a step moves as many slots as a pass may take time
	redisSteady   = 30 * time.Second

	// failoverTime is how long slots may be without a master before somebody should know: by then a replica has taken over,
	// if there is one.
	failoverTime = 30 * time.Second
)

// redis makes the managed Redis Cluster and takes the next step towards what the spec says of it.
func (r rollout) redis(ctx context.Context) (progress, error) {
	secret, err := r.reconciler.readSecret(ctx, r.platform.Cluster.Namespace, r.platform.Name(resources.Redis))
	if err != nil {
		return progress{}, err
	}
	if secret == nil {
		return progress{}, fmt.Errorf("the Secret %s is gone", r.platform.Name(resources.Redis))
	}
	set, err := r.applyRedis(ctx)
	if err != nil {
		return progress{}, err
	}
	pods, err := r.redisPods(ctx, set)
	if err != nil {
		return progress{}, err
	}
	nodes := redis.Dial(pods, string(secret.Data[config.RedisPasswordFile]))
	defer nodes.Close()
	picture := nodes.Observe(ctx)
	want := redis.Want{Masters: r.platform.RedisMasters(), Replicas: r.platform.RedisReplicas()}
	health := picture.Health(want)
	step, err := r.takeRedisStep(ctx, nodes, redis.Plan(picture, want), set)
	if err != nil {
		return progress{}, err
	}
	if assigned, ok := step.(redis.Assign); ok && health.Formed {
		r.reconciler.Recorder.Event(r.platform.Cluster, corev1.EventTypeWarning, v1alpha1.ReasonSlotsUncovered,
			"no node of Redis had some slots any more: "+assigned.String()+", empty")
	}
	late, err := nodes.Accept(ctx, string(secret.Data[resources.RedisACLKey]))
	if err != nil {
		return progress{}, fmt.Errorf("read Secret %s: %w", secret.Name, err)
	}
	if _, settled := step.(redis.Settled); settled {
		switch {
		case len(late) > 0:
			step = redis.Wait{For: strings.Join(firstOf(late, 4), ", ") + " to read the Secret's users"}
		case set.Status.ObservedGeneration < set.Generation:
			step = redis.Wait{For: "its pods to be made"}
		default:
			if err := r.storeVolumes(ctx, set, resources.Redis, r.platform.RedisStorage()); err != nil {
				return progress{}, err
			}
		}
	}
	return r.reportRedis(health, want, step), nil
}

// applyRedis applies the objects, and returns the StatefulSet as it is now.
func (r rollout) applyRedis(ctx context.Context) (*appsv1.StatefulSet, error) {
	for _, object := range []runtime.ApplyConfiguration{
		r.platform.RedisServiceAccount(), r.platform.RedisConfigMap(), r.platform.RedisService(), r.platform.RedisPodDisruptionBudget(),
	} {
		if err := r.apply(ctx, object, nil); err != nil {
			return nil, err
		}
	}
	// Not from the cache, which may not know yet that nodes were let go.
	var set appsv1.StatefulSet
	key := client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: r.platform.Name(resources.Redis)}
	if err := client.IgnoreNotFound(r.reconciler.Secrets.Get(ctx, key, &set)); err != nil {
		return nil, fmt.Errorf("read StatefulSet %s: %w", key.Name, err)
	}
	nodes := r.redisNodes()
	if set.Spec.Replicas != nil {
		nodes = max(nodes, int(*set.Spec.Replicas)) // they are let go when they have no slots left
	}
	if err := r.applyRedisSet(ctx, nodes, &set); err != nil {
		return nil, err
	}
	return &set, nil
}

// redisNodes is how many nodes are wanted.
func (r rollout) redisNodes() int {
	return r.platform.RedisMasters() * (1 + r.platform.RedisReplicas())
}

// applyRedisSet applies the StatefulSet with a number of nodes over what it is now.
func (r rollout) applyRedisSet(ctx context.Context, nodes int, set *appsv1.StatefulSet) error {
	size := r.platform.RedisStorage()
	if claims := set.Spec.VolumeClaimTemplates; len(claims) > 0 {
		size = claims[0].Spec.Resources.Requests[corev1.ResourceStorage]
	}
	return r.apply(ctx, r.platform.RedisStatefulSet(nodes, size), set)
}

// redisPods returns what Kubernetes says of the nodes.
func (r rollout) redisPods(ctx context.Context, set *appsv1.StatefulSet) ([]redis.Pod, error) {
	var list corev1.PodList
	if err := r.list(ctx, &list, resources.Redis); err != nil {
		return nil, err
	}
	observed := set.Status.ObservedGeneration >= set.Generation && set.Status.UpdateRevision != ""
	var pods []redis.Pod
	for i := range list.Items {
		pod := &list.Items[i]
		ordinal, err := strconv.Atoi(strings.TrimPrefix(pod.Name, set.Name+"-"))
		if err != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue // not one of the StatefulSet's, or one that it is about to replace
		}
		ip, _ := netip.ParseAddr(pod.Status.PodIP) // invalid: none yet
		pods = append(pods, redis.Pod{
			Name:     pod.Name,
			Ordinal:  ordinal,
			IP:       ip,
			Host:     pod.Spec.NodeName,
			Ready:    podReady(pod),
			Outdated: observed && pod.Labels[appsv1.StatefulSetRevisionLabel] != set.Status.UpdateRevision,
			Leaving:  !pod.DeletionTimestamp.IsZero(),
		})
	}
	return pods, nil
}

// takeRedisStep does what the step says. What a node refuses now, it may accept the next time: the step becomes a wait.
func (r rollout) takeRedisStep(ctx context.Context, nodes *redis.Nodes, step redis.Step, set *appsv1.StatefulSet) (redis.Step, error) {
	cluster := r.platform.Cluster
	var err error
	switch step := step.(type) {
	case redis.Settled, redis.Wait:
		return step, nil
	case redis.Restart:
		err = r.deletePod(ctx, step.Pod.Name)
	case redis.Release:
		err = r.applyRedisSet(ctx, step.Pods, set)
	default:
		if err := nodes.Do(ctx, step); err != nil {
			r.reconciler.Log.Warn("step of Redis is refused", "namespace", cluster.Namespace, "chatcluster", cluster.Name,
				"step", step.String(), "error", err)
			return redis.Wait{For: step.String() + ": " + err.Error()}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	r.reconciler.Log.Info("step of Redis", "namespace", cluster.Namespace, "chatcluster", cluster.Name, "step", step.String())
	return step, nil
}

// reportRedis fills in the status, and returns how far the stage has come.
func (r rollout) reportRedis(health redis.Health, want redis.Want, step redis.Step) progress {
	cluster := r.platform.Cluster
	cluster.Status.Redis = &v1alpha1.RedisStatus{
		Summary:      fmt.Sprintf("%d/%d", health.Ready, want.Pods()),
		ReadyNodes:   int32(health.Ready),
		Masters:      int32(health.Masters),
		CoveredSlots: int32(redis.SlotCount - health.Uncovered.Len()),
	}
	uncovered := health.Formed && len(health.Uncovered) > 0
	_, settled := step.(redis.Settled)
	if settled && !uncovered {
		component(cluster, v1alpha1.ConditionRedisReady, "")
		return progress{again: redisSteady}
	}
	if !uncovered {
		component(cluster, v1alpha1.ConditionRedisReady, step.String())
		return r.waitForRedis(step)
	}
	message := fmt.Sprintf("no master serves the slots %s; %s", health.Uncovered, step)
	lasting := redisDownSince(cluster, time.Now()) > failoverTime
	setCondition(cluster, v1alpha1.ConditionRedisReady, false, v1alpha1.ReasonSlotsUncovered, message)
	if !lasting {
		return r.waitForRedis(step)
	}
	return progress{reason: v1alpha1.ReasonBlocked, again: redisUnderWay, failed: &failure{
		reason: v1alpha1.ReasonSlotsUncovered,
		message: "Redis: " + message + ": bring back the pods that don't answer, with their volumes. " +
			"If a volume is lost, let its pod start with an empty one: then the slots are assigned anew",
	}}
}

// redisDownSince is for how long slots have been reported without a master.
func redisDownSince(cluster *v1alpha1.ChatCluster, now time.Time) time.Duration {
	condition := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionRedisReady)
	if condition == nil || condition.Status == metav1.ConditionTrue || condition.Reason != v1alpha1.ReasonSlotsUncovered {
		return 0
	}
	return now.Sub(condition.LastTransitionTime.Time)
}

// waitForRedis waits for one thing for as long as no step is taken: many nodes and slots take their time.
func (r rollout) waitForRedis(step redis.Step) progress {
	reached := r.waitFor(v1alpha1.ReasonRollingRedis, "StatefulSet", r.platform.Name(resources.Redis), resources.LabelComponent+"="+resources.Redis)
	reached.again = redisUnderWay
	if _, moves := step.(redis.Move); moves {
		reached.again = redisMoving
	}
	if _, waits := step.(redis.Wait); !waits {
		reached.waiting += ": " + step.String()
	}
	reached.advice = fmt.Sprintf("%s; %s, and kubectl logs -n %s of the pod", step, reached.advice, r.platform.Cluster.Namespace)
	return reached
}
