package discover

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/shard-router/placement"
)

// endpoint returns one of a pod, changed by change.
func endpoint(pod, addr string, change ...func(*discoveryv1.Endpoint)) discoveryv1.Endpoint {
	e := discoveryv1.Endpoint{
		Addresses:  []string{addr},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: pod},
		Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: ptr.To(true), Terminating: ptr.To(false)},
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func unready(e *discoveryv1.Endpoint)  { e.Conditions.Serving = ptr.To(false) }
func stopping(e *discoveryv1.Endpoint) { e.Conditions.Terminating = ptr.To(true) }

func slice(endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	return &discoveryv1.EndpointSlice{
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("other"), Port: ptr.To[int32](1)}, {Name: ptr.To("clients"), Port: ptr.To[int32](8080)}},
		Endpoints:   endpoints,
	}
}

func pod(shard int, name, addr string) placement.Pod {
	return placement.Pod{Shard: shard, Name: name, Addr: addr}
}

func resumesOnly(p placement.Pod) placement.Pod {
	p.ResumesOnly = true
	return p
}

func TestPodsOfSlices(t *testing.T) {
	t.Parallel()
	six := slice(endpoint("chat-gateway-0-0", "fd00::1"))
	six.AddressType = discoveryv1.AddressTypeIPv6
	names := slice(endpoint("chat-gateway-0-0", "pod.example.com"))
	names.AddressType = discoveryv1.AddressTypeFQDN
	portless := slice(endpoint("chat-gateway-0-0", "10.0.0.1"))
	portless.Ports = nil
	ready := pod(0, "chat-gateway-0-0", "10.0.0.1:8080")
	for name, c := range map[string]struct {
		slices []*discoveryv1.EndpointSlice
		want   []placement.Pod
	}{
		"no slice": {nil, nil},
		"two shards": {
			[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-1-0", "10.0.0.2")), slice(endpoint("chat-gateway-0-0", "10.0.0.1"))},
			[]placement.Pod{ready, pod(1, "chat-gateway-1-0", "10.0.0.2:8080")},
		},
		"a shard that the map does not have yet, or no more": {
			[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-2-0", "10.0.0.1"))},
			[]placement.Pod{resumesOnly(pod(2, "chat-gateway-2-0", "10.0.0.1:8080"))},
		},
		"not ready":           {[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-0-0", "10.0.0.1", unready))}, []placement.Pod{resumesOnly(ready)}},
		"stopping":            {[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-0-0", "10.0.0.1", stopping))}, []placement.Pod{resumesOnly(ready)}},
		"stopping, not ready": {[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-0-0", "10.0.0.1", stopping, unready))}, nil},
		"conditions are not said": {
			[]*discoveryv1.EndpointSlice{slice(endpoint("chat-gateway-0-0", "10.0.0.1", func(e *discoveryv1.Endpoint) {
				e.Conditions = discoveryv1.EndpointConditions{}
			}))},
			[]placement.Pod{ready},
		},
		"both families": {
			[]*discoveryv1.EndpointSlice{six, slice(endpoint("chat-gateway-0-0", "10.0.0.1"))},
			[]placement.Pod{ready},
		},
		"IPv6 alone":   {[]*discoveryv1.EndpointSlice{six}, []placement.Pod{pod(0, "chat-gateway-0-0", "[fd00::1]:8080")}},
		"host names":   {[]*discoveryv1.EndpointSlice{names}, nil},
		"no such port": {[]*discoveryv1.EndpointSlice{portless}, nil},
		"the pod that had the name before": {
			[]*discoveryv1.EndpointSlice{
				slice(endpoint("chat-gateway-0-0", "10.0.0.0", stopping)), slice(endpoint("chat-gateway-0-0", "10.0.0.1")),
			},
			[]placement.Pod{ready},
		},
		"the pod that had the name before, and one that starts": {
			[]*discoveryv1.EndpointSlice{
				slice(endpoint("chat-gateway-0-0", "10.0.0.1", unready)), slice(endpoint("chat-gateway-0-0", "10.0.0.0", stopping)),
			},
			[]placement.Pod{resumesOnly(ready)},
		},
		"strangers": {
			[]*discoveryv1.EndpointSlice{slice(
				endpoint("chat-gateway-0", "10.0.0.1"), endpoint("chat-api-0-0", "10.0.0.2"), endpoint("chat-gateway-x-0", "10.0.0.3"),
				endpoint("chat-gateway-0-x", "10.0.0.4"), endpoint("chat-gateway--1-0", "10.0.0.5"),
				endpoint("chat-gateway-0-0", "10.0.0.6", func(e *discoveryv1.Endpoint) { e.TargetRef = nil }),
				endpoint("chat-gateway-0-0", "10.0.0.7", func(e *discoveryv1.Endpoint) { e.TargetRef.Kind = "Node" }),
				endpoint("chat-gateway-0-0", "10.0.0.8", func(e *discoveryv1.Endpoint) { e.Addresses = nil }),
			)},
			nil,
		},
	} {
		for range 3 { // in any order
			if have := podsOf(c.slices, "chat-gateway", 2); !slices.Equal(have, c.want) {
				t.Errorf("%s: %+v, want %+v", name, have, c.want)
			}
			slices.Reverse(c.slices)
		}
	}
}

func TestShardMap(t *testing.T) {
	t.Parallel()
	have, err := parseShardMap(map[string]string{"generation": "3", "shards": "4", "more": "x"})
	if err != nil || have != (ShardMap{Generation: 3, Shards: 4}) {
		t.Errorf("%+v, %v", have, err)
	}
	for _, bad := range []map[string]string{
		nil, {"generation": "1"}, {"shards": "1"}, {"generation": "0", "shards": "1"}, {"generation": "1", "shards": "0"},
		{"generation": "1", "shards": "-2"}, {"generation": "x", "shards": "1"}, {"generation": "1", "shards": "65537"},
	} {
		if have, err := parseShardMap(bad); err == nil {
			t.Errorf("%v: %+v", bad, have)
		}
	}
}

func TestParseName(t *testing.T) {
	t.Parallel()
	if name, err := ParseName("talk/chat-gateway"); err != nil || name.Namespace != "talk" || name.Name != "chat-gateway" {
		t.Errorf("%v, %v", name, err)
	}
	for _, bad := range []string{"", "talk", "/", "talk/", "/chat", "a/b/c", "Talk/chat", "talk/chat gateway"} {
		if name, err := ParseName(bad); err == nil {
			t.Errorf("%q: %v", bad, name)
		}
	}
}
