package resources

import (
	"fmt"
	"net/netip"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// place is one end of a connection: a pod, or an address outside of the cluster.
type place struct {
	namespace string
	labels    map[string]string
	address   string
}

func outsideAt(address string) place { return place{address: address} }

func podIn(namespace string, labels map[string]string) place {
	return place{namespace: namespace, labels: labels}
}

// network judges connections by policies, as
// https://kubernetes.io/docs/concepts/services-networking/network-policies/ says: what no policy selects is open, and both
// ends must allow a connection.
type network struct {
	*testing.T
	policies []networkingv1.NetworkPolicy
}

func newNetwork(t *testing.T, p Platform) network {
	t.Helper()
	n := network{T: t}
	for _, built := range p.NetworkPolicies() {
		var policy networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict([]byte(mustYAML(t, built)), &policy); err != nil {
			t.Fatal(err)
		}
		n.policies = append(n.policies, policy)
	}
	return n
}

func (n network) allows(from, to place, protocol corev1.Protocol, port int32) bool {
	out, in := true, true
	for _, policy := range n.policies {
		if n.selects(policy, from) {
			out = false
		}
		if n.selects(policy, to) {
			in = false
		}
	}
	for _, policy := range n.policies {
		if n.selects(policy, from) {
			for _, rule := range policy.Spec.Egress {
				out = out || onPorts(rule.Ports, protocol, port) && n.matches(policy, rule.To, to)
			}
		}
		if n.selects(policy, to) {
			for _, rule := range policy.Spec.Ingress {
				in = in || onPorts(rule.Ports, protocol, port) && n.matches(policy, rule.From, from)
			}
		}
	}
	return out && in
}

func (n network) selects(policy networkingv1.NetworkPolicy, p place) bool {
	return p.address == "" && p.namespace == policy.Namespace && n.selector(&policy.Spec.PodSelector).Matches(labels.Set(p.labels))
}

func (n network) matches(policy networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, p place) bool {
	if len(peers) == 0 {
		return true
	}
	for _, peer := range peers {
		if peer.IPBlock != nil {
			if p.address != "" && within(n, peer.IPBlock.CIDR, p.address) && !anyWithin(n, peer.IPBlock.Except, p.address) {
				return true
			}
			continue
		}
		if p.address != "" {
			continue
		}
		sameNamespace := peer.NamespaceSelector == nil && p.namespace == policy.Namespace ||
			peer.NamespaceSelector != nil && n.selector(peer.NamespaceSelector).Matches(labels.Set{corev1.LabelMetadataName: p.namespace})
		if sameNamespace && (peer.PodSelector == nil || n.selector(peer.PodSelector).Matches(labels.Set(p.labels))) {
			return true
		}
	}
	return false
}

func (n network) selector(s *metav1.LabelSelector) labels.Selector {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		n.Fatal(err)
	}
	return selector
}

func onPorts(ports []networkingv1.NetworkPolicyPort, protocol corev1.Protocol, number int32) bool {
	for _, port := range ports {
		if *port.Protocol == protocol && port.Port.IntVal == number {
			return true
		}
	}
	return len(ports) == 0
}

func anyWithin(n network, cidrs []string, address string) bool {
	for _, cidr := range cidrs {
		if within(n, cidr, address) {
			return true
		}
	}
	return false
}

func within(n network, cidr, address string) bool {
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		n.Fatal(err)
	}
	return prefix.Contains(netip.MustParseAddr(address))
}

func TestNetworkPoliciesOpenThePathsOfThePlatformAlone(t *testing.T) {
	t.Parallel()
	managed := edgePlatform()
	own := func(component string) place { return podIn("talk", managed.Labels(component)) }
	shard := podIn("talk", managed.shardLabels(1))
	other := edgePlatform()
	other.Cluster.Name = "other"
	neighbour := func(component string) place { return podIn("talk", other.Labels(component)) }
	var (
		operator   = podIn("guildhall-system", map[string]string{LabelName: OperatorLabel})
		impostor   = podIn("talk", map[string]string{LabelName: OperatorLabel})
		ingress    = podIn("ingress", nil)
		prometheus = podIn("monitoring", nil)
		stranger   = podIn("elsewhere", nil)
		internet   = outsideAt("203.0.113.7")
		internet6  = outsideAt("2001:db8::7")
		metadata   = outsideAt("169.254.169.254")
		apiServer  = outsideAt("192.0.2.1")
		dns        = podIn("kube-system", map[string]string{"k8s-app": "kube-dns"})
	)
	type connection struct {
		from, to place
		port     int32
	}
	judge := func(name string, n network, want bool, connections ...connection) {
		t.Helper()
		for _, c := range connections {
			if n.allows(c.from, c.to, corev1.ProtocolTCP, c.port) != want {
				t.Errorf("%s: %v -> %v:%d: want %v", name, c.from, c.to, c.port, want)
			}
		}
	}

	n := newNetwork(t, managed)
	judge("managed", n, true,
		connection{ingress, own(API), 8080}, connection{ingress, own(ShardRouter), 8080},
		connection{own(ShardRouter), shard, 8080}, connection{own(ShardRouter), apiServer, 443}, connection{own(ShardRouter), apiServer, 6443},
		connection{shard, own(Redis), 6379}, connection{own(API), own(Redis), 6379}, connection{own(Worker), own(Redis), 6379},
		connection{shard, own(Postgres), 5432}, connection{own(API), own(Postgres), 5432}, connection{own(Worker), own(Postgres), 5432},
		connection{own(Migrate), own(Postgres), 5432},
		connection{own(Redis), own(Redis), 6379}, connection{own(Redis), own(Redis), 16379},
		connection{own(Postgres), own(Postgres), 5432}, connection{own(Postgres), own(Postgres), 8008}, connection{own(Postgres), apiServer, 6443},
		connection{operator, own(Redis), 6379}, connection{operator, own(Postgres), 5432}, connection{operator, own(Postgres), 8008},
		connection{operator, shard, 9090},
		connection{prometheus, shard, 9090}, connection{prometheus, own(API), 9090}, connection{prometheus, own(Worker), 9090}, connection{prometheus, own(ShardRouter), 9090},
		connection{own(API), internet, 443}, connection{own(API), internet6, 443}, connection{own(Worker), internet, 8443}, connection{own(API), internet, 587},
		connection{own(API), stranger, 9000}, // an object store in the cluster
		connection{stranger, stranger, 80},
	)
	judge("managed", n, false,
		connection{stranger, own(API), 8080}, connection{internet, own(API), 8080}, connection{stranger, own(ShardRouter), 8080}, connection{ingress, own(API), 9090},
		connection{ingress, shard, 8080}, connection{own(API), shard, 8080}, connection{shard, shard, 8080}, connection{neighbour(ShardRouter), shard, 8080},
		connection{own(ShardRouter), own(Redis), 6379}, connection{own(ShardRouter), own(Postgres), 5432}, connection{own(Migrate), own(Redis), 6379},
		connection{shard, own(Redis), 16379}, connection{stranger, own(Redis), 6379}, connection{neighbour(API), own(Redis), 6379}, connection{neighbour(Redis), own(Redis), 16379},
		connection{own(API), own(Postgres), 8008}, connection{stranger, own(Postgres), 5432}, connection{neighbour(API), own(Postgres), 5432},
		connection{impostor, own(Redis), 6379}, connection{operator, own(Redis), 16379}, connection{operator, own(API), 8080},
		connection{prometheus, own(Redis), 6379}, connection{stranger, own(API), 9090}, connection{prometheus, own(Migrate), 9090},
		connection{shard, internet, 443}, connection{own(ShardRouter), internet, 80}, connection{own(Redis), internet, 443}, connection{own(Migrate), internet, 443},
		connection{own(Postgres), internet, 80}, connection{own(Postgres), own(Redis), 6379}, connection{own(Redis), own(Postgres), 5432},
		connection{own(API), metadata, 80}, connection{own(Worker), metadata, 80}, connection{shard, stranger, 8080}, connection{own(API), own(ShardRouter), 8080},
	)
	for _, component := range []string{Migrate, Gateway, API, Worker, ShardRouter, Redis, Postgres} {
		for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
			if !n.allows(own(component), dns, protocol, 53) {
				t.Errorf("%s can't ask for names by %s", component, protocol)
			}
		}
	}

	open := edgePlatform()
	open.Cluster.Spec.NetworkPolicy = v1alpha1.NetworkPolicySpec{}
	n = newNetwork(t, open)
	judge("no namespaces are named", n, true,
		connection{stranger, own(API), 8080}, connection{internet, own(ShardRouter), 8080}, connection{stranger, own(Worker), 9090})
	judge("no namespaces are named", n, false, connection{stranger, shard, 8080}, connection{internet, own(API), 9090})

	external := edgePlatform()
	external.Cluster.Spec.Redis.External = &v1alpha1.ExternalRedisSpec{Addrs: []string{"redis:6379"}}
	external.Cluster.Spec.Postgres.External = &v1alpha1.ExternalPostgresSpec{SecretName: "dsn"}
	n = newNetwork(t, external)
	judge("external stores", n, true,
		connection{shard, stranger, 7000}, connection{shard, outsideAt("10.1.2.3"), 5432}, connection{own(Migrate), stranger, 5432}, connection{own(API), stranger, 5432})
	judge("external stores", n, false, connection{shard, metadata, 80}, connection{stranger, shard, 8080})

	archived := edgePlatform()
	archived.Cluster.Spec.Postgres.Backup = &v1alpha1.BackupSpec{BackupRepository: v1alpha1.BackupRepository{ObjectStorage: &v1alpha1.ObjectStorageSpec{}}}
	judge("backups", newNetwork(t, archived), true, connection{own(Postgres), internet, 9000}, connection{own(PostgresBackup), own(Postgres), 5432})
	judge("backups", newNetwork(t, archived), false, connection{own(PostgresBackup), own(Postgres), 8008}, connection{own(PostgresBackup), internet, 443})

	nowhere := edgePlatform()
	nowhere.OperatorNamespace = ""
	judge("the operator's namespace is not known", newNetwork(t, nowhere), true, connection{operator, own(Redis), 6379}, connection{impostor, own(Redis), 6379})
}

func TestEveryPodThatRunsHasAPolicy(t *testing.T) {
	t.Parallel()
	p := edgePlatform()
	n := newNetwork(t, p)
	for _, template := range []map[string]string{
		p.APIDeployment().Spec.Template.Labels, p.WorkerDeployment().Spec.Template.Labels, p.ShardRouterDeployment().Spec.Template.Labels,
		p.GatewayShard(1).Spec.Template.Labels, p.Labels(Migrate), p.Labels(Redis), p.Labels(Postgres),
	} {
		selected := 0
		for _, policy := range n.policies {
			if n.selects(policy, podIn(p.Cluster.Namespace, template)) {
				selected++
			}
		}
		if selected != 1 {
			t.Error(fmt.Sprint(selected, " policies select ", template))
		}
	}
}
