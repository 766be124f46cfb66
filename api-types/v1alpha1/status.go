package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChatClusterStatus says what platform there is.
type ChatClusterStatus struct {
	// ObservedGeneration is the metadata.generation of the spec that this status is about.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Conditions are Available, Progressing and Degraded. Their messages say what to do.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// WaitingFor is what the rollout waits for.
	//
	// +optional
	WaitingFor *WaitingFor `json:"waitingFor,omitempty"`

	// Gateway counts the gateway.
	//
	// +optional
	Gateway GatewayStatus `json:"gateway,omitempty"`

	// API counts the pods of the REST service.
	//
	// +optional
	API PodsStatus `json:"api,omitempty"`

	// Worker counts the pods of the worker.
	//
	// +optional
	Worker PodsStatus `json:"worker,omitempty"`

	// ShardRouter counts the pods of the shard router.
	//
	// +optional
	ShardRouter PodsStatus `json:"shardRouter,omitempty"`
}

// WaitingFor names the object that the rollout waits for.
type WaitingFor struct {
	// Object is its kind and name, as StatefulSet chat-gateway-0.
	Object string `json:"object"`

	// Since is when the wait began.
	Since metav1.Time `json:"since"`
}

// GatewayStatus counts the gateway.
type GatewayStatus struct {
	// ReadyShards is the number of wanted shards that have a pod that can serve.
	ReadyShards int32 `json:"readyShards"`

	// UpdatedShards is the number of wanted shards whose pods all are as the spec says, and can serve.
	UpdatedShards int32 `json:"updatedShards"`

	// ReadyPods is the number of pods of wanted shards that can serve.
	ReadyPods int32 `json:"readyPods"`
}

// PodsStatus counts the pods of a component.
type PodsStatus struct {
	// Ready is the number of pods that can serve.
	Ready int32 `json:"ready"`

	// Updated is the number of pods that are as the spec says.
	Updated int32 `json:"updated"`
}

// Types of the status's conditions.
const (
	// ConditionAvailable is true while every shard, the api, the worker and the shard router have a pod that can serve.
	ConditionAvailable = "Available"
	// ConditionProgressing is true while something is not yet as the spec says.
	ConditionProgressing = "Progressing"
	// ConditionDegraded is true when something does not get as the spec says by waiting: somebody has to act.
	ConditionDegraded = "Degraded"
)

// Reasons of Available.
const (
	ReasonAllServing = "AllServing"
	ReasonNotServing = "NotServing" // the message names the components
)

// Reasons of Progressing.
const (
	ReasonUpToDate           = "UpToDate"
	ReasonBlocked            = "Blocked" // Degraded says by what
	ReasonMigrating          = "Migrating"
	ReasonRollingGateway     = "RollingGateway"
	ReasonRollingAPI         = "RollingAPI" // api and worker
	ReasonRollingShardRouter = "RollingShardRouter"
)

// Reasons of Degraded.
const (
	ReasonAsExpected       = "AsExpected"
	ReasonSecretMissing    = "SecretMissing"
	ReasonSecretKeyMissing = "SecretKeyMissing"
	ReasonMigrationFailed  = "MigrationFailed"
	ReasonNotReadyInTime   = "NotReadyInTime"
	ReasonApplyRefused     = "ApplyRefused" // by the API server or an admission policy
)
