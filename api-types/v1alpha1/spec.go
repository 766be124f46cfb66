package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ChatClusterSpec says what platform is wanted.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.ingress) && has(self.httpRoute))",message="ingress and httpRoute exclude each other: a domain has one way in"
// +kubebuilder:validation:XValidation:rule="has(self.redis.external) == has(oldSelf.redis.external)",message="redis.external can neither be added nor taken away later: sessions and rate limits would be left behind"
// +kubebuilder:validation:XValidation:rule="has(self.postgres.external) == has(oldSelf.postgres.external)",message="postgres.external can neither be added nor taken away later: the data would be left behind"
type ChatClusterSpec struct {
	// Image of Guildhall, for all pods of ours. Changing it migrates the database and then rolls the pods, one gateway
	// shard at a time. Go up one minor version at a time: tags that are versions, as v1.4.0, are held to that, and where
	// one is skipped the image that runs stays. Back to the version before it goes only where nothing has been migrated in
	// between: an older image refuses a newer schema.
	//
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image"`

	// ImagePullPolicy of all pods. Without it Kubernetes' default.
	//
	// +optional
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	ImagePullPolicy string `json:"imagePullPolicy,omitempty"`

	// ImagePullSecrets name Secrets, in the same namespace, with the credentials of registries.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	ImagePullSecrets []string `json:"imagePullSecrets,omitempty"`

	// Domain is where clients reach the platform: a host name, and a port if it is not the scheme's own, as
	// chat.example.com. Clients are told https://<domain> and wss://<domain>; http and ws where spec.tls.disabled is true.
	//
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isURL('https://' + self) && url('https://' + self).getHost() == self && url('https://' + self).getHostname() != ''",message="must be a host name, and perhaps a port, as chat.example.com: no scheme, no path"
	Domain string `json:"domain"`

	// TLS says how the domain's certificate is had.
	//
	// +optional
	// +kubebuilder:default={}
	TLS TLSSpec `json:"tls,omitempty"`

	// Ingress makes an Ingress for the domain. Not together with spec.httpRoute.
	//
	// +optional
	Ingress *IngressSpec `json:"ingress,omitempty"`

	// HTTPRoute makes an HTTPRoute of the Gateway API for the domain. Not together with spec.ingress.
	//
	// +optional
	HTTPRoute *HTTPRouteSpec `json:"httpRoute,omitempty"`

	// TrustedProxies are the networks, in CIDR notation, of the proxies in front of the platform, as the pods of the
	// ingress controller. Only their X-Forwarded-For is believed; without any, all clients behind a proxy share its
	// address, and its rate limits.
	//
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:items:XValidation:rule="isCIDR(self)",message="must be a network in CIDR notation, as 10.0.0.0/8"
	TrustedProxies []string `json:"trustedProxies,omitempty"`

	// Registration says who may register: everybody (Open, the default), who has an invitation (Invite), nobody (Closed). A
	// change rolls the api.
	//
	// +optional
	// +kubebuilder:default=Open
	// +kubebuilder:validation:Enum=Open;Invite;Closed
	Registration Registration `json:"registration,omitempty"`

	// RequireVerifiedEmail keeps users from acting before they have verified their mail address.
	//
	// +optional
	RequireVerifiedEmail bool `json:"requireVerifiedEmail,omitempty"`

	// SMTP says how mails to users are sent.
	SMTP SMTPSpec `json:"smtp"`

	// ObjectStorage keeps uploaded files. Without it nobody can upload.
	//
	// +optional
	ObjectStorage *ObjectStorageSpec `json:"objectStorage,omitempty"`

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

	// Worker does what no request does: it relays events that a crash left behind, makes partitions, expires presence,
	// delivers webhooks. Workers share the work by leases.
	//
	// +optional
	// +kubebuilder:default={}
	Worker WorkerSpec `json:"worker,omitempty"`

	// ShardRouter greets gateway clients and joins each to the gateway pod that it belongs to.
	//
	// +optional
	// +kubebuilder:default={}
	ShardRouter ShardRouterSpec `json:"shardRouter,omitempty"`

	// Redis is the Redis Cluster that carries events: made and kept by the operator, unless spec.redis.external names one.
	//
	// +optional
	// +kubebuilder:default={}
	Redis RedisSpec `json:"redis,omitempty"`

	// Postgres keeps everything that lasts: made and kept by the operator, unless spec.postgres.external names one.
	//
	// +optional
	// +kubebuilder:default={}
	Postgres PostgresSpec `json:"postgres,omitempty"`

	// Rotation asks for new keys and passwords in place of those that the operator has generated.
	//
	// +optional
	// +kubebuilder:default={}
	Rotation RotationSpec `json:"rotation,omitempty"`

	// Monitoring makes a ServiceMonitor, where the cluster knows this kind.
	//
	// +optional
	// +kubebuilder:default={}
	Monitoring MonitoringSpec `json:"monitoring,omitempty"`

	// NetworkPolicy lets pods reach each other only as the platform needs.
	//
	// +optional
	// +kubebuilder:default={}
	NetworkPolicy NetworkPolicySpec `json:"networkPolicy,omitempty"`

	// DeletionPolicy says what becomes of data when the ChatCluster is deleted. Retain keeps volumes, generated Secrets
	// and Patroni's key: a ChatCluster of the same name finds them again. Delete deletes them. Retain is the default; it may
	// be changed until the last moment.
	//
	// +optional
	// +kubebuilder:default=Retain
	// +kubebuilder:validation:Enum=Retain;Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// Registration says who may register.
type Registration string

// Values of spec.registration.
const (
	RegistrationOpen   Registration = "Open"
	RegistrationInvite Registration = "Invite"
	RegistrationClosed Registration = "Closed"
)

// DeletionPolicy says what becomes of data.
type DeletionPolicy string

// Values of spec.deletionPolicy.
const (
	DeletionRetain DeletionPolicy = "Retain"
	DeletionDelete DeletionPolicy = "Delete"
)

// RotationSpec asks for new keys and passwords. Each number is raised to ask once more: the new one is accepted everywhere
// before it is used, and used everywhere before the old one is no good. status.rotation says which number is reached. What
// lies in a Secret of yours, you rotate yourself.
type RotationSpec struct {
	// SigningKeys is raised for a new key of access tokens and session ids. The old one verifies for as long as what it
	// signed is good.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	SigningKeys int64 `json:"signingKeys,omitempty"`

	// RetireAfter is how long an old signing key still verifies when a new one signs: as long as anything that it has signed
	// is to be good. 168h, a week, by default.
	//
	// +optional
	// +kubebuilder:default="168h"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('0s')",message="must not be negative"
	RetireAfter *metav1.Duration `json:"retireAfter,omitempty"`

	// PostgresPassword is raised for a new password of the platform's user in the managed Postgres.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	PostgresPassword int64 `json:"postgresPassword,omitempty"`

	// RedisPassword is raised for a new password of the managed Redis Cluster.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	RedisPassword int64 `json:"redisPassword,omitempty"`
}
