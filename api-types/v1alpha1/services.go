package v1alpha1

// GatewaySpec sizes the gateway.
//
// +kubebuilder:validation:XValidation:rule="!has(self.shards) || !has(self.replicasPerShard) || self.shards * self.replicasPerShard <= 1024",message="shards * replicasPerShard must be at most 1024"
// +kubebuilder:validation:XValidation:rule="!has(self.shards) || !has(oldSelf.shards) || self.shards == oldSelf.shards || self.shards % oldSelf.shards == 0 || oldSelf.shards % self.shards == 0",message="shards may be multiplied or divided by a whole number: 2 to 4, 4 to 2, not 2 to 3"
type GatewaySpec struct {
	// Shards is how many shards the platform's guilds are spread over, each a StatefulSet; 1 by default. GET /gateway/bot
	// recommends it to bots. It may be changed at any time, to a multiple or a whole part of what it was: sessions move, and
	// status.shardMap says how far that is.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=512
	Shards int32 `json:"shards,omitempty"`

	// ReplicasPerShard is how many pods a shard has, 1 by default. Two or more let a shard serve while one of its pods
	// restarts.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	ReplicasPerShard int32 `json:"replicasPerShard,omitempty"`

	// MaxConcurrency is how many sessions a bot may start at once in 5 seconds, 1 by default: max_concurrency of
	// GET /gateway/bot. A change rolls the gateway and the api.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1024
	MaxConcurrency int32 `json:"maxConcurrency,omitempty"`

	// MaxConnectionsPerPod bounds the clients of one gateway pod, 15000 by default; each takes some 20 kB and a descriptor.
	// A client that finds all pods full is told to try again.
	//
	// +optional
	// +kubebuilder:default=15000
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000000
	MaxConnectionsPerPod int32 `json:"maxConnectionsPerPod,omitempty"`

	// Resources of each pod.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}

// APISpec sizes the REST service.
//
// +kubebuilder:validation:XValidation:rule="!has(self.autoscaling) || !has(self.replicas)",message="replicas and autoscaling exclude each other"
type APISpec struct {
	// Replicas is the number of pods; 2 without it and without autoscaling. kubectl scale sets it.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Replicas *int32 `json:"replicas,omitempty"`

	// Autoscaling makes a HorizontalPodAutoscaler. It needs resources.requests.cpu, and the cluster's metrics API.
	//
	// +optional
	Autoscaling *AutoscalingSpec `json:"autoscaling,omitempty"`

	// Resources of each pod.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}

// AutoscalingSpec bounds the number of pods.
//
// +kubebuilder:validation:XValidation:rule="!has(self.minReplicas) || self.minReplicas <= self.maxReplicas",message="minReplicas must not be above maxReplicas"
type AutoscalingSpec struct {
	// MinReplicas is the least number of pods, 2 by default.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	MinReplicas int32 `json:"minReplicas,omitempty"`

	// MaxReplicas is the largest number of pods.
	//
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	MaxReplicas int32 `json:"maxReplicas"`

	// TargetCPUPercent is how much of the CPU that they request the pods are to use on average, 70 by default.
	//
	// +optional
	// +kubebuilder:default=70
	// +kubebuilder:validation:Minimum=10
	// +kubebuilder:validation:Maximum=100
	TargetCPUPercent int32 `json:"targetCPUPercent,omitempty"`
}

// WorkerSpec sizes the worker.
type WorkerSpec struct {
	// Replicas is the number of pods, 2 by default. They share the work; a second one takes over sooner than a restart
	// would.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	Replicas int32 `json:"replicas,omitempty"`

	// Resources of each pod.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}

// ShardRouterSpec sizes the shard router.
type ShardRouterSpec struct {
	// Replicas is the number of pods, 2 by default. With one, all clients lose their connection at once when it restarts.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Replicas int32 `json:"replicas,omitempty"`

	// Resources of each pod. A pod takes up to 9,000 connections.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}
