package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Resources are what a pod asks for and may use at most.
//
// +kubebuilder:validation:XValidation:rule="!has(self.requests) || !has(self.limits) || self.requests.all(r, !(r in self.limits) || quantity(string(self.requests[r])).compareTo(quantity(string(self.limits[r]))) <= 0)",message="requests must not be above limits"
type Resources struct {
	// Requests is what the scheduler keeps free for a pod, by resource: cpu, memory.
	//
	// +optional
	Requests Quantities `json:"requests,omitempty"`

	// Limits is what a pod may use at most, by resource: cpu, memory.
	//
	// +optional
	Limits Quantities `json:"limits,omitempty"`
}

// Quantities are amounts by resource, as cpu: 500m.
//
// +kubebuilder:validation:MaxProperties=4
type Quantities map[corev1.ResourceName]resource.Quantity

// PodOverrides says where pods run and what they carry beside what the operator sets. What the operator needs can't be
// overridden: its labels and annotations win.
type PodOverrides struct {
	// Labels of the pods.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('guildhall.chat/'))",message="labels of app.kubernetes.io and guildhall.chat are the operator's"
	Labels map[string]string `json:"labels,omitempty"`

	// Annotations of the pods.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('guildhall.chat/'))",message="annotations of guildhall.chat are the operator's"
	Annotations map[string]string `json:"annotations,omitempty"`

	// NodeSelector chooses nodes by their labels.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`

	// Tolerations let pods run on tainted nodes.
	//
	// +optional
	// +kubebuilder:validation:MaxItems=16
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`

	// PriorityClassName of the pods.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	PriorityClassName string `json:"priorityClassName,omitempty"`

	// SpreadOver are the labels of nodes over whose values the pods of a component are spread as evenly as can be: nodes
	// (kubernetes.io/hostname) and zones (topology.kubernetes.io/zone) by default. [] spreads them over nothing.
	//
	// +optional
	// +kubebuilder:default={"kubernetes.io/hostname","topology.kubernetes.io/zone"}
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=316
	SpreadOver []string `json:"spreadOver,omitempty"`
}

// StorageSpec says what volume each pod of a store gets.
type StorageSpec struct {
	// Size of the volume. It can be raised where the storage class can expand volumes, never lowered.
	//
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isGreaterThan(quantity('0'))",message="must be more than 0"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity(string(oldSelf))) >= 0",message="a volume can't be made smaller"
	Size resource.Quantity `json:"size"`

	// ClassName of the storage class. Without it the cluster's default.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="volumes can't change their class"
	ClassName string `json:"className,omitempty"`
}
