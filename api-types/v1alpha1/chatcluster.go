package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChatCluster is one chat platform: its gateway shards, REST service, worker and shard router. The operator makes and
// keeps them in the ChatCluster's namespace, under names that begin with the ChatCluster's.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=cc
// +kubebuilder:subresource:status
// +kubebuilder:printcolumn:name="Shards",type=integer,JSONPath=`.spec.gateway.shards`,description="Gateway shards wanted"
// +kubebuilder:printcolumn:name="Ready",type=integer,JSONPath=`.status.gateway.readyShards`,description="Gateway shards that can serve"
// +kubebuilder:printcolumn:name="API",type=integer,JSONPath=`.status.api.ready`,description="api pods that can serve"
// +kubebuilder:printcolumn:name="Available",type=string,JSONPath=`.status.conditions[?(@.type=="Available")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Progressing")].reason`
// +kubebuilder:printcolumn:name="Degraded",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Degraded")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40",message="metadata.name must be at most 40 characters: names of pods begin with it"
// +kubebuilder:validation:XValidation:rule="self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be lower case letters, digits and '-', and begin with a letter: names of Services begin with it"
type ChatCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec   ChatClusterSpec   `json:"spec"`
	Status ChatClusterStatus `json:"status,omitempty"`
}

// ChatClusterList is what a list request answers.
//
// +kubebuilder:object:root=true
type ChatClusterList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ChatCluster `json:"items"`
}
