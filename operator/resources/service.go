package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
)

// servicePort is the port of the Services that clients reach, behind an ingress.
const servicePort = 80

// Services returns the Services of the api and the shard router, and the headless one that names the gateway's pods.
func (p Platform) Services() []*apply.ServiceApplyConfiguration {
	return []*apply.ServiceApplyConfiguration{
		p.service(Gateway, clientPort, func(spec *apply.ServiceSpecApplyConfiguration) {
			// An unready pod still holds sessions, which only it can resume: the shard router decides, not DNS.
			spec.WithClusterIP(corev1.ClusterIPNone).WithPublishNotReadyAddresses(true)
		}),
		p.service(API, servicePort, nil),
		p.service(ShardRouter, servicePort, nil),
	}
}

func (p Platform) service(component string, port int32, more func(*apply.ServiceSpecApplyConfiguration)) *apply.ServiceApplyConfiguration {
	spec := apply.ServiceSpec().
		WithType(corev1.ServiceTypeClusterIP).
		WithSelector(p.Labels(component)).
		WithPorts(apply.ServicePort().
			WithName(clientPortName).WithPort(port).WithTargetPort(intstr.FromString(clientPortName)).WithProtocol(corev1.ProtocolTCP))
	if more != nil {
		more(spec)
	}
	return apply.Service(p.Name(component), p.Cluster.Namespace).
		WithLabels(p.Labels(component)).
		WithOwnerReferences(p.owner()).
		WithSpec(spec)
}
