package operator

import (
	"fmt"
	"maps"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func TestFirstRolloutIsInOrder(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	job := c.migration("")
	c.waitForWait(v1alpha1.ReasonMigrating, "Job "+job)
	c.waitForNames(&corev1.ServiceList{}, "chat-api", "chat-gateway", "chat-shard-router")
	c.waitForNames(&corev1.ServiceAccountList{}, "chat-api", "chat-gateway", "chat-migrate", "chat-shard-router", "chat-worker")
	c.waitForNames(&policyv1.PodDisruptionBudgetList{}, "chat-api", "chat-gateway-0", "chat-gateway-1", "chat-shard-router", "chat-worker")
	c.waitForNames(&appsv1.StatefulSetList{})

	c.completeJob(job)
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-0")
	c.waitForNames(&appsv1.StatefulSetList{}, "chat-gateway-0", "chat-gateway-1")
	c.readyStatefulSet("chat-gateway-0")
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-1")
	c.waitForNames(&appsv1.DeploymentList{})

	c.readyStatefulSet("chat-gateway-1")
	c.waitForWait(v1alpha1.ReasonRollingAPI, "Deployment chat-api")
	c.waitForNames(&appsv1.DeploymentList{}, "chat-api", "chat-worker")
	c.readyDeployment("chat-api")
	c.waitForWait(v1alpha1.ReasonRollingAPI, "Deployment chat-worker")
	c.waitFor(v1alpha1.ConditionAvailable, false, v1alpha1.ReasonNotServing)
	c.readyDeployment("chat-worker")
	c.waitForWait(v1alpha1.ReasonRollingShardRouter, "Deployment chat-shard-router")
	c.readyDeployment("chat-shard-router")

	c.waitFor(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonAllServing)
	c.waitFor(v1alpha1.ConditionProgressing, false, v1alpha1.ReasonUpToDate)
	c.waitFor(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected)
	status := c.get().Status
	if status.WaitingFor != nil || status.Gateway != (v1alpha1.GatewayStatus{Summary: "2/2", ReadyShards: 2, UpdatedShards: 2, ReadyPods: 4}) ||
		status.API.Ready != 2 || status.API.Updated != 2 || status.API.Summary != "2/2" || status.Version != "guildhall:dev" {
		t.Errorf("status %+v", status)
	}
	for _, reason := range []string{
		v1alpha1.ReasonMigrating, v1alpha1.ReasonRollingGateway, v1alpha1.ReasonRollingAPI, v1alpha1.ReasonRollingShardRouter,
		v1alpha1.ReasonUpToDate, v1alpha1.ReasonAllServing,
	} {
		c.waitForEvent(corev1.EventTypeNormal, reason)
	}
}

func TestNewImageRollsShardByShard(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	old := c.migration("")
	image := func(shard string) string {
		var set appsv1.StatefulSet
		c.read("chat-gateway-"+shard, &set)
		return set.Spec.Template.Spec.Containers[0].Image
	}

	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = "guildhall:next" })
	next := c.migration(old)
	c.waitForWait(v1alpha1.ReasonMigrating, "Job "+next)
	if image("0") != "guildhall:dev" {
		t.Error("shard 0 rolls before the database is migrated")
	}
	c.completeJob(next)
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-0")
	if image("0") != "guildhall:next" || image("1") != "guildhall:dev" {
		t.Errorf("want only shard 0 to roll: %s, %s", image("0"), image("1"))
	}
	c.waitFor(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonAllServing)

	// Back again, while shard 0 does not get ready: no other shard has seen the bad image.
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = "guildhall:dev" })
	c.finish()
	if image("0") != "guildhall:dev" || image("1") != "guildhall:dev" {
		t.Errorf("not back: %s, %s", image("0"), image("1"))
	}
	c.waitForNames(&batchv1.JobList{}, old)
}

// moved returns the generation of the shard map since which a shard's pods are where their sessions belong.
func (c *cluster) moved(shard int) string {
	c.Helper()
	var set appsv1.StatefulSet
	c.read(fmt.Sprintf("chat-gateway-%d", shard), &set)
	return set.Spec.Template.Annotations["guildhall.chat/moved"]
}

func (c *cluster) shardMap() map[string]string {
	c.Helper()
	var config corev1.ConfigMap
	c.read("chat-shard-map", &config)
	return config.Data
}

func TestShardsAreAddedAndTakenAway(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	if m := c.shardMap(); m["generation"] != "1" || m["shards"] != "2" {
		t.Fatalf("first shard map: %v", m)
	}

	// New shards first; the map follows when they are ready; then the old shards move what belongs elsewhere now.
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 4 })
	c.waitForNames(&appsv1.StatefulSetList{}, "chat-gateway-0", "chat-gateway-1", "chat-gateway-2", "chat-gateway-3")
	c.waitForWait(v1alpha1.ReasonResharding, "StatefulSet chat-gateway-2")
	if m := c.shardMap(); m["shards"] != "2" || c.moved(0) != "1" || c.moved(3) != "2" {
		t.Errorf("before the new shards are ready: map %v, shard 0 moved at %s, shard 3 at %s", m, c.moved(0), c.moved(3))
	}
	c.readyStatefulSet("chat-gateway-2")
	c.readyStatefulSet("chat-gateway-3")
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-0")
	if m := c.shardMap(); m["generation"] != "2" || m["shards"] != "4" || c.moved(0) != "2" || c.moved(1) != "1" {
		t.Errorf("map %v, shard 0 moved at %s, shard 1 at %s: want one after the other", m, c.moved(0), c.moved(1))
	}
	c.finish()
	status := c.get().Status
	if want := (v1alpha1.ShardMapStatus{Generation: 2, Shards: 4, Grown: 2, MovedShards: 4}); status.Gateway.ReadyShards != 4 || status.ShardMap != want {
		t.Errorf("status %+v, %+v", status.Gateway, status.ShardMap)
	}

	// A shard may go only when no shard router sends clients to it. Those that stay keep their sessions.
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 1 })
	c.waitForWait(v1alpha1.ReasonRollingAPI, "Deployment chat-api")
	if m := c.shardMap(); m["generation"] != "3" || m["shards"] != "1" || c.moved(0) != "2" {
		t.Errorf("map %v, shard 0 moved at %s", m, c.moved(0))
	}
	c.waitForNames(&appsv1.StatefulSetList{}, "chat-gateway-0", "chat-gateway-1", "chat-gateway-2", "chat-gateway-3")
	c.finish()
	c.waitForNames(&appsv1.StatefulSetList{}, "chat-gateway-0")
	c.waitForNames(&policyv1.PodDisruptionBudgetList{}, "chat-api", "chat-gateway-0", "chat-shard-router", "chat-worker")
}

func TestLostShardMapComesBack(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	before, moved := c.shardMap(), c.moved(0)
	if err := k8s.Delete(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "chat-shard-map", Namespace: c.namespace}}); err != nil {
		t.Fatal(err)
	}
	c.waitForNames(&corev1.ConfigMapList{}, "chat-shard-map")
	c.settled()
	if after := c.shardMap(); !maps.Equal(before, after) || c.moved(0) != moved {
		t.Errorf("map %v, before %v; shard 0 moved at %s", after, before, c.moved(0))
	}
}

// All else is done meanwhile, with the image that runs.
func TestVersionThatSkipsOneIsNotRolledOut(t *testing.T) {
	t.Parallel()
	c := create(t, func(c *v1alpha1.ChatCluster) { c.Spec.Image = "guildhall:v0.1.0" })
	c.finish()
	image := func() string {
		var deployment appsv1.Deployment
		c.read("chat-api", &deployment)
		return deployment.Spec.Template.Spec.Containers[0].Image
	}

	replicas := int32(3)
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Image, spec.API.Replicas = "guildhall:v0.3.0", &replicas })
	c.waitForWait(v1alpha1.ReasonRollingAPI, "Deployment chat-api")
	c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonVersionSkipped)
	c.readyDeployment("chat-api")
	c.waitFor(v1alpha1.ConditionProgressing, false, v1alpha1.ReasonBlocked)
	c.waitForEvent(corev1.EventTypeWarning, v1alpha1.ReasonVersionSkipped)
	if running := c.get().Status.Version; image() != "guildhall:v0.1.0" || running != "guildhall:v0.1.0" {
		t.Errorf("%s runs, the status says %s", image(), running)
	}

	for _, next := range []string{"guildhall:v0.2.0", "guildhall:v0.3.0"} {
		c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = next })
		c.finish()
		c.waitFor(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected)
		if running := c.get().Status.Version; image() != next || running != next {
			t.Errorf("%s runs, the status says %s, want %s", image(), running, next)
		}
	}
}
