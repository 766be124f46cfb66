package events

import "testing"

func TestClusterInfoIsRead(t *testing.T) {
	t.Parallel()
	const text = "cluster_state:ok\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:10923\r\ncluster_slots_pfail:5461\r\n" +
		"cluster_known_nodes:6\r\ncluster_size:3\r\nsomething new\r\n"
	if got, want := parseCluster(text), (Cluster{CoveredSlots: 10923, Masters: 3, Nodes: 6}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := parseCluster(""); got != (Cluster{}) {
		t.Errorf("of nothing: %+v", got)
	}
}
