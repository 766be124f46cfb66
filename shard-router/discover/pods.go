package discover

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/shard-router/placement"
)

// portName is that of the gateway's port for clients and routers.
const portName = "clients"

// podsOf returns the gateway pods of the Service's slices, by name. A pod that is not ready or about to stop, or whose
// shard is not one of the map's, is there only for the sessions that it holds; one that is about to stop and serves no
// more is left out.
//
// The conditions are those that say what the pod is, for `ready` is true of all pods of the Service: it publishes
// addresses of those that are not ready.
// https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#conditions
func podsOf(all []*discoveryv1.EndpointSlice, service string, shards int) []placement.Pod {
	found := make(map[string]candidate)
	for _, slice := range all {
		port, ok := portOf(slice)
		if !ok {
			continue
		}
		for i := range slice.Endpoints {
			next, ok := podOf(&slice.Endpoints[i], service, port)
			if !ok {
				continue
			}
			// A pod may be in several slices: while it moves from one to another, when another pod of its name has
			// just gone, and by each of its families of addresses.
			if known, twice := found[next.pod.Name]; !twice || next.compare(known) < 0 {
				found[next.pod.Name] = next
			}
		}
	}
	pods := make([]placement.Pod, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		pod := found[name].pod
		pod.ResumesOnly = pod.ResumesOnly || pod.Shard >= shards
		pods = append(pods, pod)
	}
	return pods
}

// candidate is a pod as one slice has it.
type candidate struct {
	pod         placement.Pod
	terminating bool
}

// compare orders what several slices say of a pod; the least is believed.
func (c candidate) compare(other candidate) int {
	rank := func(c candidate) int {
		switch {
		case c.terminating:
			return 2
		case c.pod.ResumesOnly:
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(rank(c), rank(other)), cmp.Compare(c.pod.Addr, other.pod.Addr))
}

func podOf(endpoint *discoveryv1.Endpoint, service, port string) (candidate, bool) {
	// Absent conditions count as true, but for terminating.
	serving := ptr.Deref(endpoint.Conditions.Serving, true)
	terminating := ptr.Deref(endpoint.Conditions.Terminating, false)
	ref := endpoint.TargetRef
	if ref == nil || ref.Kind != "Pod" || len(endpoint.Addresses) == 0 || terminating && !serving || !auth.ValidPodName(ref.Name) {
		return candidate{}, false
	}
	shard, ok := shardOf(ref.Name, service)
	if !ok {
		return candidate{}, false
	}
	return candidate{
		pod: placement.Pod{
			Shard:       shard,
			Name:        ref.Name,
			Addr:        net.JoinHostPort(endpoint.Addresses[0], port),
			ResumesOnly: terminating || !serving,
		},
		terminating: terminating,
	}, true
}

func portOf(slice *discoveryv1.EndpointSlice) (string, bool) {
	if slice.AddressType == discoveryv1.AddressTypeFQDN {
		return "", false
	}
	for _, port := range slice.Ports {
		if ptr.Deref(port.Name, "") == portName && port.Port != nil {
			return strconv.Itoa(int(*port.Port)), true
		}
	}
	return "", false
}

// shardOf reads the shard from a pod's name: <service>-<shard>-<ordinal>, as the StatefulSets of the shards name them.
func shardOf(pod, service string) (int, bool) {
	rest, ok := strings.CutPrefix(pod, service+"-")
	if !ok {
		return 0, false
	}
	shardText, ordinalText, ok := strings.Cut(rest, "-")
	if !ok {
		return 0, false
	}
	shard, err := strconv.ParseUint(shardText, 10, 16)
	if err != nil {
		return 0, false
	}
	if _, err := strconv.ParseUint(ordinalText, 10, 16); err != nil {
		return 0, false
	}
	return int(shard), true
}
