package v1alpha1

// TLSSpec says how the domain's certificate is had.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.disabled) && self.disabled && has(self.secretName))",message="secretName has no use where TLS is disabled"
type TLSSpec struct {
	// SecretName names the Secret of type kubernetes.io/tls, in the same namespace, that the Ingress serves the domain
	// with; cert-manager, say, may make it. Without it the ingress controller's own certificate serves, or whatever stands
	// in front.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName,omitempty"`

	// Disabled tells clients http and ws. Passwords and tokens then cross the network readable: for trials only.
	//
	// +optional
	Disabled bool `json:"disabled,omitempty"`
}

// IngressSpec says what Ingress there is. It leads WebSockets, on / and /gateway, to the shard router and everything else to
// the api.
type IngressSpec struct {
	// ClassName of the ingress controller. Without it the cluster's default.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	ClassName string `json:"className,omitempty"`

	// Annotations for the ingress controller and cert-manager, beside those that the operator sets for time-outs that
	// WebSockets can live with, and for uploads. Where they differ, yours are right.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	Annotations map[string]string `json:"annotations,omitempty"`
}

// HTTPRouteSpec says what HTTPRoute there is. The cluster must have the Gateway API, 1.2 or later.
//
// https://gateway-api.sigs.k8s.io/api-types/httproute/
type HTTPRouteSpec struct {
	// ParentRefs are the Gateways whose listeners serve the domain.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []GatewayRef `json:"parentRefs"`
}

// GatewayRef names a Gateway of the Gateway API.
type GatewayRef struct {
	// Name of the Gateway.
	//
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	Name string `json:"name"`

	// Namespace of the Gateway. Without it the ChatCluster's.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	Namespace string `json:"namespace,omitempty"`

	// SectionName is the listener. Without it all that fit.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SectionName string `json:"sectionName,omitempty"`
}

// MonitoringSpec says whether Prometheus is told of the platform.
type MonitoringSpec struct {
	// Disabled makes none of the objects.
	//
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// Labels of the objects, by which a Prometheus chooses what it reads.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	Labels map[string]string `json:"labels,omitempty"`

	// Tracing has requests traced. Without it none are, whether or not monitoring is disabled.
	//
	// +optional
	Tracing *TracingSpec `json:"tracing,omitempty"`
}

// TracingSpec says which requests are traced, and where the traces go.
type TracingSpec struct {
	// Endpoint is the URL of a collector that takes OTLP over HTTP, such as http://collector.tracing:4318. Without a path,
	// /v1/traces is meant. The pods of the gateway and the shard router may then reach what is outside of the platform.
	//
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?$`
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getHostname() != ''",message="must be the http or https URL of a collector"
	Endpoint string `json:"endpoint"`

	// SampleRatio is the part of the requests that are traced, from "0" to "1", beside those whose callers ask for it: "0.01" without it.
	//
	// +optional
	// +kubebuilder:default="0.01"
	// +kubebuilder:validation:Pattern=`^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$`
	SampleRatio string `json:"sampleRatio,omitempty"`
}

// NetworkPolicySpec says which pods may reach the platform's.
type NetworkPolicySpec struct {
	// Disabled makes no policies.
	//
	// +optional
	Disabled bool `json:"disabled,omitempty"`

	// ClientNamespaces are the namespaces whose pods may reach the api and the shard router, by name: that of the ingress
	// controller, say. Without any, every pod and everything outside of the cluster may.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	ClientNamespaces []string `json:"clientNamespaces,omitempty"`

	// MonitoringNamespaces are the namespaces whose pods may read metrics, by name. Without any, every namespace's may.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MaxLength=63
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
	MonitoringNamespaces []string `json:"monitoringNamespaces,omitempty"`
}
