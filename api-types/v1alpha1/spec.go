package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// ChatClusterSpec says what platform is wanted.
type ChatClusterSpec struct {
	// Image of Guildhall, for all pods. Changing it migrates the database and then rolls the pods, one gateway shard at a
	// time.
	//
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image"`

	// PublicURL is where clients reach the platform, as https://chat.example.com. /api of it has to lead to the Service
	// <name>-api, WebSockets to <name>-shard-router. The address that clients are told for the gateway is the same with
	// wss (ws, if this is http).
	//
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && url(self).getEscapedPath() == '' && !self.matches('[?#@]')",message="must be http:// or https:// and a host, and perhaps a port, without a path"
	PublicURL string `json:"publicURL"`

	// SecretName names the Secret, in the same namespace, with the keys postgres-dsn and signing-keys, and if they are
	// needed redis-password and smtp-password. A change of its content rolls the pods that use it.
	//
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName"`

	// Redis is the Redis Cluster that carries events.
	Redis RedisSpec `json:"redis"`

	// Mail says how mails to users are sent.
	Mail MailSpec `json:"mail"`

	// TrustedProxies are the networks, in CIDR notation, of the proxies in front of the platform. Only their
	// X-Forwarded-For is believed; without any, all clients behind a proxy share its address, and its rate limits.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="must be a network in CIDR notation, as 10.0.0.0/8"
	TrustedProxies []string `json:"trustedProxies,omitempty"`

	// Gateway holds the sessions of clients.
	//
	// +optional
	// +kubebuilder:default={}
	Gateway GatewaySpec `json:"gateway,omitempty"`

	// API answers REST requests.
	//
	// +optional
	// +kubebuilder:default={}
	API APISpec `json:"api,omitempty"`

	// Worker does what no request does: it relays events that a crash left behind, makes partitions, expires presence.
	//
	// +optional
	// +kubebuilder:default={}
	Worker WorkerSpec `json:"worker,omitempty"`

	// ShardRouter greets gateway clients and joins each to the gateway pod that it belongs to.
	//
	// +optional
	// +kubebuilder:default={}
	ShardRouter ShardRouterSpec `json:"shardRouter,omitempty"`
}

// RedisSpec says where the Redis Cluster is.
type RedisSpec struct {
	// Addrs are host:port of some of its nodes; the others are learnt from them.
	//
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=260
	// +kubebuilder:validation:items:Pattern=`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`
	Addrs []string `json:"addrs"`
}

// MailSpec says how mails are sent. The password, if the server wants one, is smtp-password in the Secret.
type MailSpec struct {
	// SMTPAddr is host:port of the mail server.
	//
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`
	SMTPAddr string `json:"smtpAddr"`

	// From is the address that mails come from.
	//
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern=`^[^\s@<>]+@[^\s@<>]+$`
	From string `json:"from"`
}

// GatewaySpec sizes the gateway.
//
// +kubebuilder:validation:XValidation:rule="!has(self.shards) || !has(self.replicasPerShard) || self.shards * self.replicasPerShard <= 512",message="shards * replicasPerShard must be at most 512: the shard router is given a list of all pods"
type GatewaySpec struct {
	// Shards is how many shards the platform's guilds are spread over, each a StatefulSet. GET /gateway/bot recommends
	// it to bots.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=512
	Shards int32 `json:"shards,omitempty"`

	// ReplicasPerShard is how many pods a shard has. Two or more let a shard serve while one of its pods restarts.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=64
	ReplicasPerShard int32 `json:"replicasPerShard,omitempty"`

	// Resources of each pod. A pod takes up to 15,000 connections.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`
}

// APISpec sizes the REST service.
type APISpec struct {
	// Replicas is the number of pods.
	//
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	Replicas int32 `json:"replicas,omitempty"`

	// Resources of each pod.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`
}

// WorkerSpec sizes the worker.
type WorkerSpec struct {
	// Replicas is the number of pods. They share the work; a second one takes over sooner than a restart would.
	//
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=16
	Replicas int32 `json:"replicas,omitempty"`
}

// ShardRouterSpec sizes the shard router.
type ShardRouterSpec struct {
	// Replicas is the number of pods.
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
}

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
