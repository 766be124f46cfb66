package operator

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// managedRedis is a ChatCluster whose Redis Cluster the operator makes of real servers.
func managedRedis(t *testing.T) (*cluster, *redisPods) {
	t.Helper()
	c := create(t, func(object *v1alpha1.ChatCluster) { object.Spec.Redis = v1alpha1.RedisSpec{} })
	pods := newRedisPods(c)
	pods.until("a Redis Cluster", func() string { return c.redisIs("6/6", 3) })
	return c, pods
}

// redisIs says what is not so, "" if Redis is ready, with so many nodes and masters.
func (c *cluster) redisIs(summary string, masters int32) string {
	object := c.get()
	ready := meta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionRedisReady)
	status := object.Status.Redis
	if ready == nil || ready.Status != metav1.ConditionTrue || ready.ObservedGeneration != object.Generation || status == nil ||
		status.Summary != summary || status.Masters != masters || status.CoveredSlots != 16384 {
		return fmt.Sprintf("want %s of %d masters: %+v, %+v", summary, masters, ready, status)
	}
	return ""
}

func TestRedisIsRolledGrownAndShrunk(t *testing.T) {
	t.Parallel()
	c, pods := managedRedis(t)
	pods.write(500)

	// A changed template: one pod at a time.
	made := pods.made
	c.update(func(spec *v1alpha1.ChatClusterSpec) {
		spec.Redis.Resources.Limits = v1alpha1.Quantities{"memory": resource.MustParse("100Mi")}
	})
	pods.atOnce = 0
	pods.until("all pods made anew", func() string {
		if pods.made != made+6 {
			return fmt.Sprintf("%d pods made anew", pods.made-made)
		}
		return c.redisIs("6/6", 3)
	})
	if pods.atOnce > 1 {
		t.Errorf("%d pods were missing at once", pods.atOnce)
	}
	pods.check(500)

	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Redis.Masters = ptr.To[int32](4) })
	pods.until("a fourth master", func() string { return c.redisIs("8/8", 4) })
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Redis.Masters = ptr.To[int32](3) })
	pods.until("three masters again", func() string {
		if claims := c.names(&corev1.PersistentVolumeClaimList{}); len(claims) != 6 {
			return fmt.Sprintf("volumes %v", claims)
		}
		return c.redisIs("6/6", 3)
	})
	pods.check(500)
}

func TestRedisOutlivesLostVolumesAndSaysWhichSlotsAreNotServed(t *testing.T) {
	t.Parallel()
	c, pods := managedRedis(t)
	pods.write(500)
	pods.lose("chat-redis-0")
	pods.until("the lost node replaced", func() string { return c.redisIs("6/6", 3) })
	pods.check(500)

	master, replica := pods.shard()
	pods.hold(master, replica)
	var message string
	pods.until("slots without a master", func() string {
		condition := meta.FindStatusCondition(c.get().Status.Conditions, v1alpha1.ConditionRedisReady)
		message = condition.Message
		if condition.Reason != v1alpha1.ReasonSlotsUncovered {
			return fmt.Sprintf("%+v", condition)
		}
		return ""
	})
	if !strings.Contains(message, "-") || !strings.Contains(message, "chat-redis-") {
		t.Errorf("neither slots nor pods named: %s", message)
	}
	c.waitFor(v1alpha1.ConditionAvailable, false, v1alpha1.ReasonNotServing)
	pods.release()
	pods.until("the slots served again", func() string { return c.redisIs("6/6", 3) })
	pods.check(500)
}

func TestRedisPasswordIsRotated(t *testing.T) {
	t.Parallel()
	c, pods := managedRedis(t)
	upToDate := func() string {
		for _, name := range c.names(&batchv1.JobList{}) {
			c.completeJob(name)
		}
		c.readyWorkloads()
		if now := meta.FindStatusCondition(c.get().Status.Conditions, v1alpha1.ConditionProgressing); now.Reason != v1alpha1.ReasonUpToDate {
			return fmt.Sprintf("%+v", now)
		}
		return ""
	}
	pods.until("everything up to date", upToDate)
	old, made := pods.password(), pods.made
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Rotation.RedisPassword = 1 })
	pods.until("the password rotated", func() string {
		if problem := upToDate(); problem != "" {
			return problem
		}
		if have := c.get().Status.Rotation.RedisPassword; have.Generation != 1 {
			return fmt.Sprintf("%+v", have)
		}
		return ""
	})
	if pods.password() == old {
		t.Error("the password is the same")
	}
	if pods.made != made {
		t.Errorf("%d pods were made anew", pods.made-made)
	}
	for name, pod := range pods.running {
		if err := pod.ping(old); err == nil {
			t.Errorf("%s still takes the old password", name)
		}
		if err := pod.ping(pods.password()); err != nil {
			t.Errorf("%s does not take the new one: %v", name, err)
		}
	}
	var secret corev1.Secret
	c.read("chat-redis", &secret)
	if bytes.Contains(secret.Data["users.acl"], []byte(old)) {
		t.Error("a password in the clear among the users")
	}
}
