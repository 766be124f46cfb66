package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/operator/postgres"
)

// patroniKeys are the suffixes of the endpoints in which Patroni keeps what the group must not forget: its configuration and
// which database it has, on whom commits wait, and a switchover that was asked for.
var patroniKeys = []string{"config", "sync", "failover"}

// postgresReplicas is the suffix of the Service of the standbys.
const postgresReplicas = "-replicas"

// PostgresServices returns those of the managed Postgres. Where Patroni writes the endpoints itself there is no selector: the
// primary's Service follows its lock, so that a primary that hangs gets no connections. Its keys have Services only because
// Kubernetes deletes endpoints without one; they are kept with the data, which they are about.
func (p Platform) PostgresServices() []*apply.ServiceApplyConfiguration {
	port := apply.ServicePort().WithName(postgresPortName).WithPort(postgres.Port).WithProtocol(corev1.ProtocolTCP)
	services := []*apply.ServiceApplyConfiguration{
		p.postgresService("", apply.ServiceSpec().WithType(corev1.ServiceTypeClusterIP).WithPorts(port)).
			WithOwnerReferences(p.owner()),
		p.postgresService(postgresReplicas, apply.ServiceSpec().WithType(corev1.ServiceTypeClusterIP).
			WithSelector(p.Labels(Postgres)).
			WithSelector(map[string]string{LabelPostgresRole: postgresReplica}).
			WithPorts(port.WithTargetPort(intstr.FromString(postgresPortName)))).
			WithOwnerReferences(p.owner()),
		p.postgresService("-pods", apply.ServiceSpec().WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true).
			WithSelector(p.Labels(Postgres)).
			WithPorts(port.WithTargetPort(intstr.FromString(postgresPortName)))).
			WithOwnerReferences(p.owner()),
	}
	for _, key := range patroniKeys {
		services = append(services, p.postgresService("-"+key, apply.ServiceSpec().WithClusterIP(corev1.ClusterIPNone)).
			WithOwnerReferences(p.keep()...))
	}
	return services
}

func (p Platform) postgresService(suffix string, spec *apply.ServiceSpecApplyConfiguration) *apply.ServiceApplyConfiguration {
	return apply.Service(p.Name(Postgres)+suffix, p.Cluster.Namespace).WithLabels(p.patroniLabels()).WithSpec(spec)
}
