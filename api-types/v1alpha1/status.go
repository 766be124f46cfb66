package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChatClusterStatus says what platform there is.
type ChatClusterStatus struct {
	// ObservedGeneration is the metadata.generation of the spec that this status is about.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// Conditions are Available, Progressing and Degraded, and one for each component. Their messages say what to do.
	//
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// WaitingFor is what the rollout waits for.
	//
	// +optional
	WaitingFor *WaitingFor `json:"waitingFor,omitempty"`

	// Version is the image that all pods of the platform had when the last rollout was finished.
	//
	// +optional
	Version string `json:"version,omitempty"`

	// RolledOut is the image that was let into a rollout last, which need not have finished.
	//
	// +optional
	RolledOut string `json:"rolledOut,omitempty"`

	// ShardMap says by which map the shard routers place sessions.
	//
	// +optional
	ShardMap ShardMapStatus `json:"shardMap,omitempty"`

	// Rotation says how far spec.rotation has come.
	//
	// +optional
	Rotation RotationStatus `json:"rotation,omitempty"`

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

	// Redis is about the managed Redis Cluster.
	//
	// +optional
	Redis *RedisStatus `json:"redis,omitempty"`

	// Postgres is about the managed Postgres.
	//
	// +optional
	Postgres *PostgresStatus `json:"postgres,omitempty"`
}

// WaitingFor names the object that the rollout waits for.
type WaitingFor struct {
	// Object is its kind and name, as StatefulSet chat-gateway-0.
	Object string `json:"object"`

	// Since is when the wait began.
	Since metav1.Time `json:"since"`
}

// ShardMapStatus is the map that the shard routers follow.
type ShardMapStatus struct {
	// Generation rises with each change of the map.
	//
	// +optional
	Generation int64 `json:"generation,omitempty"`

	// Shards is the number of shards of the map. While it differs from spec.gateway.shards, sessions are yet to move.
	//
	// +optional
	Shards int32 `json:"shards,omitempty"`

	// Grown is the generation that raised the number of shards last. Sessions move then.
	//
	// +optional
	Grown int64 `json:"grown,omitempty"`

	// MovedShards is the number of shards whose sessions are where this map has them.
	//
	// +optional
	MovedShards int32 `json:"movedShards,omitempty"`
}

// RotationStatus says how far the rotations of spec.rotation have come.
type RotationStatus struct {
	// SigningKeys is about the key of access tokens and session ids.
	//
	// +optional
	SigningKeys CredentialStatus `json:"signingKeys,omitempty"`

	// PostgresPassword is about the password of the managed Postgres.
	//
	// +optional
	PostgresPassword CredentialStatus `json:"postgresPassword,omitempty"`

	// RedisPassword is about the password of the managed Redis Cluster.
	//
	// +optional
	RedisPassword CredentialStatus `json:"redisPassword,omitempty"`
}

// CredentialStatus says how far a rotation has come.
type CredentialStatus struct {
	// Generation is the number of spec.rotation that was reached last: its credential is used, and the only one that is
	// good.
	//
	// +optional
	Generation int64 `json:"generation,omitempty"`

	// UsedSince is when every pod began to use the new credential, while the old one is still good.
	//
	// +optional
	UsedSince *metav1.Time `json:"usedSince,omitempty"`
}

// GatewayStatus counts the gateway.
type GatewayStatus struct {
	// Summary is the shards that can serve, of those that are wanted: 2/2.
	//
	// +optional
	Summary string `json:"summary,omitempty"`

	// ReadyShards is the number of wanted shards that have a pod that can serve.
	//
	// +optional
	ReadyShards int32 `json:"readyShards"`

	// UpdatedShards is the number of wanted shards whose pods all are as the spec says, and can serve.
	//
	// +optional
	UpdatedShards int32 `json:"updatedShards"`

	// ReadyPods is the number of pods of wanted shards that can serve.
	//
	// +optional
	ReadyPods int32 `json:"readyPods"`

	// Moving are the sessions of a shard that restarts. The next shard only follows when they have resumed.
	//
	// +optional
	Moving *MovingSessions `json:"moving,omitempty"`
}

// MovingSessions are those of a shard that restarts.
type MovingSessions struct {
	// From is the StatefulSet that restarts.
	From string `json:"from"`

	// Sessions is how many there were on all gateway pods before.
	Sessions int32 `json:"sessions"`

	// Since is when that was.
	Since metav1.Time `json:"since"`
}

// PodsStatus counts the pods of a component.
type PodsStatus struct {
	// Summary is the pods that can serve, of those that are wanted: 2/2.
	//
	// +optional
	Summary string `json:"summary,omitempty"`

	// Replicas is the number of pods there are.
	//
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// Ready is the number of pods that can serve.
	//
	// +optional
	Ready int32 `json:"ready"`

	// Updated is the number of pods that are as the spec says.
	//
	// +optional
	Updated int32 `json:"updated"`

	// Selector is that of the pods, for kubectl scale and autoscalers.
	//
	// +optional
	Selector string `json:"selector,omitempty"`
}

// RedisStatus is about the managed Redis Cluster.
type RedisStatus struct {
	// Summary is the nodes that can serve, of those that are wanted: 6/6.
	//
	// +optional
	Summary string `json:"summary,omitempty"`

	// ReadyNodes is the number of nodes that are a part of the cluster and can serve.
	//
	// +optional
	ReadyNodes int32 `json:"readyNodes"`

	// Masters is the number of masters that hold slots.
	//
	// +optional
	Masters int32 `json:"masters"`

	// CoveredSlots is the number of slots that a master serves, of 16384.
	//
	// +optional
	CoveredSlots int32 `json:"coveredSlots"`
}

// PostgresStatus is about the managed Postgres.
type PostgresStatus struct {
	// Primary is the pod that takes writes.
	//
	// +optional
	Primary string `json:"primary,omitempty"`

	// Summary is the instances that can serve, of those that are wanted: 2/2.
	//
	// +optional
	Summary string `json:"summary,omitempty"`

	// ReadyInstances is the number of instances that run and follow the primary, which counts too.
	//
	// +optional
	ReadyInstances int32 `json:"readyInstances"`

	// SynchronousStandbys is the number of standbys that a commit waits for.
	//
	// +optional
	SynchronousStandbys int32 `json:"synchronousStandbys"`

	// LastBackup is when the last good full backup was finished.
	//
	// +optional
	LastBackup *metav1.Time `json:"lastBackup,omitempty"`
}

// Types of the status's conditions.
const (
	// ConditionAvailable is true while users are served: every shard, the api, the worker and the shard router have a pod
	// that can serve, and so have Redis and Postgres.
	ConditionAvailable = "Available"
	// ConditionProgressing is true while something is not yet as the spec says.
	ConditionProgressing = "Progressing"
	// ConditionDegraded is true when something does not get as the spec says by waiting: somebody has to act.
	ConditionDegraded = "Degraded"

	// These are true while the component is as the spec says, and can serve.
	ConditionRedisReady       = "RedisReady"
	ConditionPostgresReady    = "PostgresReady"
	ConditionBackupReady      = "BackupReady"
	ConditionMigrated         = "Migrated"
	ConditionGatewayReady     = "GatewayReady"
	ConditionAPIReady         = "APIReady"
	ConditionWorkerReady      = "WorkerReady"
	ConditionShardRouterReady = "ShardRouterReady"
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
	ReasonRollingRedis       = "RollingRedis"
	ReasonRollingPostgres    = "RollingPostgres"
	ReasonMigrating          = "Migrating"
	ReasonRollingGateway     = "RollingGateway"
	ReasonResharding         = "Resharding"
	ReasonRollingAPI         = "RollingAPI" // api and worker
	ReasonRollingShardRouter = "RollingShardRouter"
	ReasonRotating           = "Rotating"
)

// Reasons of Degraded.
const (
	ReasonAsExpected       = "AsExpected"
	ReasonSecretMissing    = "SecretMissing"
	ReasonSecretKeyMissing = "SecretKeyMissing"
	ReasonMigrationFailed  = "MigrationFailed"
	ReasonNotReadyInTime   = "NotReadyInTime"
	ReasonApplyRefused     = "ApplyRefused" // by the API server or an admission policy
	ReasonKindMissing      = "KindMissing"  // the cluster lacks a kind that the spec asks for
	ReasonSlotsUncovered   = "SlotsUncovered"
	ReasonBackupFailed     = "BackupFailed"
	ReasonVersionSkipped   = "VersionSkipped" // spec.image would leave out a minor version; the one before stays
)

// Reasons of the components' conditions, beside those above.
const (
	ReasonReady    = "Ready"
	ReasonNotReady = "NotReady" // the message says what is missing
	ReasonExternal = "External" // not the operator's to judge
)

// ReasonDriftCorrected is that of an event: an object was put back that somebody else had changed.
const ReasonDriftCorrected = "DriftCorrected"
