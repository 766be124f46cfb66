package v1alpha1

// RedisSpec says what Redis Cluster there is.
//
// +kubebuilder:validation:XValidation:rule="!has(self.external) || (!has(self.image) && !has(self.storage) && !has(self.masters) && !has(self.replicasPerMaster))",message="an external Redis Cluster is not ours to size: leave masters, replicasPerMaster, storage and image away"
type RedisSpec struct {
	// External names a Redis Cluster 7 or later of yours, in place of a managed one.
	//
	// +optional
	External *ExternalRedisSpec `json:"external,omitempty"`

	// Image of Redis 7 or Valkey 8.0.3, or later. Without it the operator's default.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image,omitempty"`

	// Masters is the number of masters that the slots are spread over; 3 without it. It may be raised and lowered: slots
	// move before a master goes.
	//
	// +optional
	// +kubebuilder:validation:Minimum=3
	// +kubebuilder:validation:Maximum=64
	Masters *int32 `json:"masters,omitempty"`

	// ReplicasPerMaster is how many replicas each master has; 1 without it. With 0 a lost node takes its slots away until
	// it is back.
	//
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4
	ReplicasPerMaster *int32 `json:"replicasPerMaster,omitempty"`

	// Storage of each node; 2Gi of the default class without it.
	//
	// +optional
	Storage *StorageSpec `json:"storage,omitempty"`

	// Resources of each pod. Redis is told to hold no more than four fifths of limits.memory.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}

// ExternalRedisSpec says where a Redis Cluster is.
type ExternalRedisSpec struct {
	// Addrs are host:port of some of its nodes; the others are learnt from them.
	//
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=260
	// +kubebuilder:validation:items:Pattern=`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`
	Addrs []string `json:"addrs"`

	// SecretName names the Secret, in the same namespace, with the key redis-password. Without it there is none.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName,omitempty"`
}

// PostgresSpec says what Postgres there is.
//
// +kubebuilder:validation:XValidation:rule="!has(self.external) || (!has(self.image) && !has(self.storage) && !has(self.instances) && !has(self.backup) && !has(self.restore))",message="an external Postgres is not ours to keep: leave instances, storage, image, backup and restore away"
// +kubebuilder:validation:XValidation:rule="!has(self.restore) || has(oldSelf.restore)",message="restore is for a new ChatCluster: it can't be added to one that has data"
type PostgresSpec struct {
	// External names a PostgreSQL 15 or later of yours, in place of a managed one.
	//
	// +optional
	External *ExternalPostgresSpec `json:"external,omitempty"`

	// Image of PostgreSQL 15 or later with Patroni and pgBackRest: the target postgres of Guildhall's Dockerfile. Without
	// it the operator's default.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9._:/@-]*$`
	Image string `json:"image,omitempty"`

	// Instances is the number of pods, one of which is the primary; 2 without it. With 3 a commit waits for a standby and
	// goes on when one is lost.
	//
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Instances *int32 `json:"instances,omitempty"`

	// Asynchronous lets a commit be answered before a standby has it: faster, and a lost primary may take the last
	// commits with it.
	//
	// +optional
	Asynchronous bool `json:"asynchronous,omitempty"`

	// Storage of each instance; 10Gi of the default class without it.
	//
	// +optional
	Storage *StorageSpec `json:"storage,omitempty"`

	// Parameters of PostgreSQL's configuration, beside those that the operator sets. Most are taken over without a restart;
	// for the others PostgreSQL restarts in one instance after the other.
	//
	// +optional
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, !(k in ['archive_command', 'archive_mode', 'hba_file', 'ident_file', 'listen_addresses', 'port', 'primary_conninfo', 'restore_command', 'synchronous_standby_names', 'unix_socket_directories', 'data_directory', 'config_file', 'cluster_name', 'hot_standby', 'wal_level']))",message="this parameter is the operator's"
	Parameters map[string]string `json:"parameters,omitempty"`

	// Backup archives the write-ahead log and makes base backups.
	//
	// +optional
	Backup *BackupSpec `json:"backup,omitempty"`

	// Restore starts the new database from a backup. It can't be added later.
	//
	// +optional
	Restore *RestoreSpec `json:"restore,omitempty"`

	// Resources of each pod.
	//
	// +optional
	Resources Resources `json:"resources,omitempty"`

	// Pods says where pods run and what else they carry.
	//
	// +optional
	Pods PodOverrides `json:"pods,omitempty"`
}

// ExternalPostgresSpec says where a Postgres is.
type ExternalPostgresSpec struct {
	// SecretName names the Secret, in the same namespace, with the key postgres-dsn: the DSN of the primary.
	// It may have the key postgres-replica-dsn: the DSN of streaming replicas, which then answer what would be much work for
	// the primary.
	//
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName"`
}

// BackupSpec says where backups go, and when they are made.
type BackupSpec struct {
	BackupRepository `json:",inline"`

	// Schedule of full backups, in cron's notation and UTC; by default 17 3 * * *, at night. Between them there is the
	// write-ahead log.
	//
	// +optional
	// +kubebuilder:default="17 3 * * *"
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:Pattern=`^\S+ \S+ \S+ \S+ \S+$`
	Schedule string `json:"schedule,omitempty"`

	// Keep is how many full backups are kept, with the write-ahead log since the oldest; 7 by default.
	//
	// +optional
	// +kubebuilder:default=7
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=365
	Keep int32 `json:"keep,omitempty"`
}

// BackupRepository is a place of backups.
//
// +kubebuilder:validation:XValidation:rule="has(self.objectStorage) != has(self.volumeClaimName)",message="name either objectStorage or volumeClaimName"
// +kubebuilder:validation:XValidation:rule="!has(self.objectStorage) || self.objectStorage.endpoint.startsWith('https://')",message="backups go to https:// only"
type BackupRepository struct {
	// ObjectStorage is a bucket for backups.
	//
	// +optional
	ObjectStorage *ObjectStorageSpec `json:"objectStorage,omitempty"`

	// VolumeClaimName is a PersistentVolumeClaim, in the same namespace, that all instances can mount: of access mode
	// ReadWriteMany where there is more than one node.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	VolumeClaimName string `json:"volumeClaimName,omitempty"`
}

// RestoreSpec says what a new database starts from.
type RestoreSpec struct {
	BackupRepository `json:",inline"`

	// ClusterName is the name of the ChatCluster that was backed up.
	//
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:Pattern=`^[a-z]([-a-z0-9]*[a-z0-9])?$`
	ClusterName string `json:"clusterName"`

	// Time up to which the write-ahead log is replayed, as 2026-01-31T12:00:00Z. Without it to its end.
	//
	// +optional
	// +kubebuilder:validation:Format=date-time
	Time string `json:"time,omitempty"`
}

// ObjectStorageSpec is a bucket of an S3-compatible service.
type ObjectStorageSpec struct {
	// Endpoint is the URL of the service, as https://s3.eu-central-1.amazonaws.com.
	//
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != '' && url(self).getEscapedPath() in ['', '/']",message="must be http:// or https:// and a host, without a path"
	Endpoint string `json:"endpoint"`

	// Bucket is the bucket's name. It must exist.
	//
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`
	Bucket string `json:"bucket"`

	// Region of the bucket, us-east-1 by default.
	//
	// +optional
	// +kubebuilder:default=us-east-1
	// +kubebuilder:validation:MaxLength=64
	Region string `json:"region,omitempty"`

	// Prefix is put before the name of each object, for a bucket that others use too.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][A-Za-z0-9/._-]*$`
	Prefix string `json:"prefix,omitempty"`

	// VirtualHostStyle addresses the bucket in the host name, as Amazon's service wants it, instead of in the path.
	//
	// +optional
	VirtualHostStyle bool `json:"virtualHostStyle,omitempty"`

	// SecretName names the Secret, in the same namespace, with the keys s3-access-key and s3-secret-key.
	//
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName"`
}

// SMTPSpec says how mails are sent.
type SMTPSpec struct {
	// Addr is host:port of the mail server.
	//
	// +kubebuilder:validation:MaxLength=260
	// +kubebuilder:validation:Pattern=`^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$`
	Addr string `json:"addr"`

	// From is the address that mails come from.
	//
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern=`^[^\s@<>]+@[^\s@<>]+$`
	From string `json:"from"`

	// SecretName names the Secret, in the same namespace, with the key smtp-password. Without it the server asks for none.
	//
	// +optional
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$`
	SecretName string `json:"secretName,omitempty"`
}
