package resources

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	apply "k8s.io/client-go/applyconfigurations/networking/v1"
)

// OperatorLabel is the label LabelName of the operator's own pods.
const OperatorLabel = "guildhall-operator"

// Ports of the stores that only they themselves and the operator use.
const (
	redisBusPort = 16379
	patroniPort  = 8008
)

// apiServerPorts are those at which API servers listen. A policy sees the port of the server itself, which need not be that
// of the Service kubernetes.
var apiServerPorts = []*port{tcp(443), tcp(6443)}

var dnsPorts = []*port{{corev1.ProtocolUDP, 53}, tcp(53)}

// port is one at which something listens.
type port struct {
	protocol corev1.Protocol
	number   int32
}

func tcp(number int32) *port { return &port{corev1.ProtocolTCP, number} }

// peers are those at the other end of a path. None at all stands for anybody, anywhere.
type peers []*apply.NetworkPolicyPeerApplyConfiguration

// path is one that connections may take between components, open at both ends.
type path struct {
	from, to string
	ports    []*port
}

// NetworkPolicies returns one for each component: its pods are reached, and reach others, only on the paths of the platform.
// https://kubernetes.io/docs/concepts/services-networking/network-policies/
func (p Platform) NetworkPolicies() []*apply.NetworkPolicyApplyConfiguration {
	if p.Cluster.Spec.NetworkPolicy.Disabled {
		return nil
	}
	components := []string{Migrate, Gateway, API, Worker, ShardRouter}
	if p.Cluster.Spec.Redis.External == nil {
		components = append(components, Redis)
	}
	if p.Cluster.Spec.Postgres.External == nil {
		components = append(components, Postgres)
		if p.Cluster.Spec.Postgres.Backup != nil {
			components = append(components, PostgresBackup)
		}
	}
	var policies []*apply.NetworkPolicyApplyConfiguration
	for _, component := range components {
		spec := apply.NetworkPolicySpec().
			WithPodSelector(metav1.LabelSelector().WithMatchLabels(p.Labels(component))).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
		for _, path := range p.paths() {
			if path.to == component {
				spec.WithIngress(from(p.pods(path.from), path.ports))
			}
			if path.from == component {
				spec.WithEgress(to(p.pods(path.to), path.ports))
			}
		}
		p.openIngress(spec, component)
		p.openEgress(spec, component)
		policies = append(policies, apply.NetworkPolicy(p.Name(component), p.Cluster.Namespace).
			WithLabels(p.Labels(component)).
			WithOwnerReferences(p.owner()).
			WithSpec(spec))
	}
	return policies
}

// paths returns those within the platform.
func (p Platform) paths() []path {
	all := []path{{ShardRouter, Gateway, []*port{tcp(clientPort)}}}
	if p.Cluster.Spec.Redis.External == nil {
		for _, component := range []string{Gateway, API, Worker} {
			all = append(all, path{component, Redis, []*port{tcp(redisPort)}})
		}
		all = append(all, path{Redis, Redis, []*port{tcp(redisPort), tcp(redisBusPort)}})
	}
	if p.Cluster.Spec.Postgres.External == nil {
		for _, component := range []string{Migrate, Gateway, API, Worker, PostgresBackup} {
			all = append(all, path{component, Postgres, []*port{tcp(postgresPort)}})
		}
		all = append(all, path{Postgres, Postgres, []*port{tcp(postgresPort), tcp(patroniPort)}})
	}
	return all
}

// openIngress lets in who is not a part of the platform.
func (p Platform) openIngress(spec *apply.NetworkPolicySpecApplyConfiguration, component string) {
	wanted := p.Cluster.Spec.NetworkPolicy
	switch component {
	case API, ShardRouter:
		spec.WithIngress(from(namespaces(wanted.ClientNamespaces), []*port{tcp(clientPort)}))
	case Gateway:
		spec.WithIngress(from(p.operator(), []*port{tcp(AdminPort)}))
	case Redis:
		spec.WithIngress(from(p.operator(), []*port{tcp(redisPort)}))
	case Postgres:
		spec.WithIngress(from(p.operator(), []*port{tcp(postgresPort), tcp(patroniPort)}))
	}
	switch component {
	case Gateway, API, Worker, ShardRouter:
		monitoring := namespaces(wanted.MonitoringNamespaces)
		if len(monitoring) == 0 {
			monitoring = peers{apply.NetworkPolicyPeer().WithNamespaceSelector(metav1.LabelSelector())} // all
		}
		spec.WithIngress(from(monitoring, []*port{tcp(AdminPort)}))
	}
}

// openEgress lets out to what is not a part of the platform.
func (p Platform) openEgress(spec *apply.NetworkPolicySpecApplyConfiguration, component string) {
	spec.WithEgress(to(nil, dnsPorts))
	switch component {
	case API, Worker:
		spec.WithEgress(to(outside(), nil)) // webhooks, links, files, mail: wherever these are
	case ShardRouter:
		spec.WithEgress(to(nil, apiServerPorts))
		if p.Cluster.Spec.Monitoring.Tracing != nil {
			spec.WithEgress(to(outside(), nil)) // a policy sees the port of the collector's pod, not that of its Service
		}
	case Gateway:
		// Where stores of others are is in Secrets, or learnt from them; and where a collector is, see above.
		if p.Cluster.Spec.Redis.External != nil || p.Cluster.Spec.Postgres.External != nil || p.Cluster.Spec.Monitoring.Tracing != nil {
			spec.WithEgress(to(outside(), nil))
		}
	case Migrate:
		if p.Cluster.Spec.Postgres.External != nil {
			spec.WithEgress(to(outside(), nil))
		}
	case Postgres:
		spec.WithEgress(to(nil, apiServerPorts)) // Patroni keeps its state there
		if p.archivesOutside() {
			spec.WithEgress(to(outside(), nil))
		}
	}
}

// archivesOutside tells whether Postgres' backups are in object storage.
func (p Platform) archivesOutside() bool {
	spec := p.Cluster.Spec.Postgres
	return spec.Backup != nil && spec.Backup.ObjectStorage != nil || spec.Restore != nil && spec.Restore.ObjectStorage != nil
}

// pods are those of a component.
func (p Platform) pods(component string) peers {
	return peers{apply.NetworkPolicyPeer().WithPodSelector(metav1.LabelSelector().WithMatchLabels(p.Labels(component)))}
}

// operator is the operator's pods, in the operator's namespace if that is known.
func (p Platform) operator() peers {
	where := metav1.LabelSelector()
	if p.OperatorNamespace != "" {
		where.WithMatchLabels(map[string]string{corev1.LabelMetadataName: p.OperatorNamespace})
	}
	return peers{apply.NetworkPolicyPeer().
		WithNamespaceSelector(where).
		WithPodSelector(metav1.LabelSelector().WithMatchLabels(map[string]string{LabelName: OperatorLabel}))}
}

// namespaces are the pods of those of these names.
func namespaces(names []string) (all peers) {
	for _, name := range names {
		all = append(all, apply.NetworkPolicyPeer().
			WithNamespaceSelector(metav1.LabelSelector().WithMatchLabels(map[string]string{corev1.LabelMetadataName: name})))
	}
	return all
}

// outside is everything but the addresses of a link, at one of which clouds tell a machine its credentials. That of pods is
// said on its own: some enforcers take blocks of addresses for what is outside of the cluster alone.
func outside() peers {
	return peers{
		apply.NetworkPolicyPeer().WithIPBlock(apply.IPBlock().WithCIDR("0.0.0.0/0").WithExcept("169.254.0.0/16")),
		apply.NetworkPolicyPeer().WithIPBlock(apply.IPBlock().WithCIDR("::/0").WithExcept("fe80::/10", "fd00:ec2::254/128")),
		apply.NetworkPolicyPeer().WithNamespaceSelector(metav1.LabelSelector()),
	}
}

func from(p peers, ports []*port) *apply.NetworkPolicyIngressRuleApplyConfiguration {
	return apply.NetworkPolicyIngressRule().WithFrom(p...).WithPorts(policyPorts(ports)...)
}

func to(p peers, ports []*port) *apply.NetworkPolicyEgressRuleApplyConfiguration {
	return apply.NetworkPolicyEgressRule().WithTo(p...).WithPorts(policyPorts(ports)...)
}

func policyPorts(ports []*port) (all []*apply.NetworkPolicyPortApplyConfiguration) {
	for _, port := range ports {
		all = append(all, apply.NetworkPolicyPort().WithProtocol(port.protocol).WithPort(intstr.FromInt32(port.number)))
	}
	return all
}
