package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChatCluster is one chat platform: its gateway shards, REST service, worker and shard router, and unless they are external
// its Redis Cluster and Postgres. The operator makes and keeps them in the ChatCluster's namespace, under names that begin
// with the ChatCluster's.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:shortName=cc,categories={all,guildhall}
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.api.replicas,statuspath=.status.api.replicas,selectorpath=.status.api.selector
// +kubebuilder:printcolumn:name="Shards",type=string,JSONPath=`.status.gateway.summary`,description="Gateway shards that can serve, of those wanted"
// +kubebuilder:printcolumn:name="API",type=string,JSONPath=`.status.api.summary`,description="api pods that can serve, of those wanted"
// +kubebuilder:printcolumn:name="Redis",type=string,JSONPath=`.status.redis.summary`,description="Nodes of the managed Redis Cluster that can serve, of those wanted"
// +kubebuilder:printcolumn:name="Primary",type=string,JSONPath=`.status.postgres.primary`,description="The managed Postgres' primary"
// +kubebuilder:printcolumn:name="Version",type=string,JSONPath=`.status.version`,description="The image that the last finished rollout brought"
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
