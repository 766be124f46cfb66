package resources

import (
	"net"
	"net/netip"

	networkingv1 "k8s.io/api/networking/v1"
	apply "k8s.io/client-go/applyconfigurations/networking/v1"
)

// routerPaths are the paths on which clients open WebSockets. All others are the api's.
var routerPaths = []string{"/", "/gateway"}

// ingressAnnotations have the common controllers keep a WebSocket open while heartbeats pass (every 41 s; some close after
// 30 s or 60 s without traffic), and take uploads of the 25 MiB that the api takes. A controller ignores those of others.
var ingressAnnotations = map[string]string{
	// https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
	"nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
	"nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
	"nginx.ingress.kubernetes.io/proxy-body-size":    "26m",
	// https://docs.nginx.com/nginx-ingress-controller/configuration/ingress-resources/advanced-configuration-with-annotations/
	"nginx.org/proxy-read-timeout":   "3600s",
	"nginx.org/proxy-send-timeout":   "3600s",
	"nginx.org/client-max-body-size": "26m",
	// https://www.haproxy.com/documentation/kubernetes-ingress/community/configuration-reference/ingress/
	"haproxy.org/timeout-tunnel": "1h",
	// https://haproxy-ingress.github.io/docs/configuration/keys/
	"haproxy-ingress.github.io/timeout-tunnel": "1h",
}

// Ingress returns the Ingress of the domain, nil if none is wanted.
func (p Platform) Ingress() *apply.IngressApplyConfiguration {
	wanted := p.Cluster.Spec.Ingress
	if wanted == nil {
		return nil
	}
	// nginx.org wants to be told which Services speak WebSocket.
	annotations := under(ingressAnnotations, map[string]string{"nginx.org/websocket-services": p.Name(ShardRouter)})
	annotations = under(annotations, wanted.Annotations) // who runs a controller knows it best

	paths := apply.HTTPIngressRuleValue()
	for _, path := range routerPaths {
		paths.WithPaths(p.ingressPath(path, networkingv1.PathTypeExact, ShardRouter))
	}
	paths.WithPaths(p.ingressPath("/", networkingv1.PathTypePrefix, API))
	rule := apply.IngressRule().WithHTTP(paths)
	host := p.host()
	if host != "" {
		rule.WithHost(host)
	}
	spec := apply.IngressSpec().WithRules(rule)
	if wanted.ClassName != "" {
		spec.WithIngressClassName(wanted.ClassName)
	}
	if tls := p.Cluster.Spec.TLS; !tls.Disabled {
		served := apply.IngressTLS()
		if host != "" {
			served.WithHosts(host)
		}
		if tls.SecretName != "" {
			served.WithSecretName(tls.SecretName)
		}
		spec.WithTLS(served)
	}
	return apply.Ingress(p.Cluster.Name, p.Cluster.Namespace).
		WithLabels(p.Labels("")).
		WithAnnotations(annotations).
		WithOwnerReferences(p.owner()).
		WithSpec(spec)
}

func (p Platform) ingressPath(path string, kind networkingv1.PathType, component string) *apply.HTTPIngressPathApplyConfiguration {
	return apply.HTTPIngressPath().
		WithPath(path).
		WithPathType(kind).
		WithBackend(apply.IngressBackend().WithService(apply.IngressServiceBackend().
			WithName(p.Name(component)).
			WithPort(apply.ServiceBackendPort().WithName(clientPortName))))
}

// host is the domain without its port; "" if it is an address, which routes can't be for.
func (p Platform) host() string {
	host := p.Cluster.Spec.Domain
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(host); err == nil || host != "" && host[0] == '[' {
		return ""
	}
	return host
}
