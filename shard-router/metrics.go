package main

import (
	"strconv"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/shard-router/placement"
)

// view is what the router's metrics tell of the gateway pods.
type view struct {
	generation, pods, open, uncovered, connections *metrics.Reading
}

func declare(registry *metrics.Registry) *view {
	return &view{
		generation: registry.NewReading(metrics.Gauge, "guildhall_router_shard_map_generation",
			"Generation of the shard map that placement follows; 0 before it is known, and with a list of pods that never changes."),
		pods: registry.NewReading(metrics.Gauge, "guildhall_router_gateway_pods",
			"Gateway pods that are known."),
		open: registry.NewReading(metrics.Gauge, "guildhall_router_open_gateway_pods",
			"Gateway pods that take new sessions."),
		uncovered: registry.NewReading(metrics.Gauge, "guildhall_router_uncovered_shards",
			"Shards of the map that no gateway pod takes new sessions of."),
		connections: registry.NewReading(metrics.Gauge, "guildhall_router_pod_connections",
			"Connections that this router has placed on a gateway pod, by the pod and its shard.", "shard", "gateway"),
	}
}

// from has it read from what placement knows.
func (v *view) from(table *placement.Table, pods *source) {
	v.generation.From(func(tell metrics.Tell) { tell(float64(pods.generation())) })
	v.pods.From(func(tell metrics.Tell) { tell(float64(len(pods.Pods()))) })
	v.open.From(func(tell metrics.Tell) { tell(float64(len(openPods(pods.Pods())))) })
	v.uncovered.From(func(tell metrics.Tell) {
		covered := map[int]bool{}
		for _, pod := range openPods(pods.Pods()) {
			covered[pod.Shard] = true
		}
		uncovered := 0
		for shard := range pods.shards() {
			if !covered[shard] {
				uncovered++
			}
		}
		tell(float64(uncovered))
	})
	v.connections.From(func(tell metrics.Tell) {
		for _, pod := range pods.Pods() {
			tell(float64(table.Connections(pod.Name)), strconv.Itoa(pod.Shard), pod.Name)
		}
	})
}

// openPods are those that take new sessions.
func openPods(pods []placement.Pod) (open []placement.Pod) {
	for _, pod := range pods {
		if !pod.ResumesOnly {
			open = append(open, pod)
		}
	}
	return open
}
