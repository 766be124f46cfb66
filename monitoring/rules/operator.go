package rules

import "time"

// operator is the operator and what it says of ChatClusters.
func operator(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: Operator, Alerts: []Alert{
		{
			Name: "GuildhallClusterUnavailable", Severity: Critical, For: scale.Time(2 * time.Minute),
			Conditions:  []Condition{{`(min by (namespace, chatcluster) (guildhall_operator_chatcluster_condition{condition="Available"}) unless on (namespace, chatcluster) max by (namespace, chatcluster) (guildhall_operator_shards{state="mapped"}) == 0)`, Is, 0}},
			Summary:     "A component of {{ $labels.chatcluster }} can't serve",
			Description: "The ChatCluster {{ $labels.namespace }}/{{ $labels.chatcluster }} is not Available: a component has no pod that can serve. The condition's message names it.",
		},
		{
			Name: "GuildhallClusterDegraded", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_operator_chatcluster_condition{condition="Degraded"})`, Is, 1}},
			Summary:     "{{ $labels.chatcluster }} needs attention",
			Description: "The ChatCluster {{ $labels.namespace }}/{{ $labels.chatcluster }} is Degraded: waiting alone does not help. The condition's reason says what to do.",
		},
		{
			Name: "GuildhallShardNotReady", Severity: Critical, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`(max by (namespace, chatcluster) (guildhall_operator_shards{state="mapped"}) < max by (namespace, chatcluster) (guildhall_operator_shards{state="wanted"}) or max by (namespace, chatcluster) (guildhall_operator_shards{state="wanted"})) - max by (namespace, chatcluster) (guildhall_operator_shards{state="ready"})`, Above, 0}},
			Summary:     "Gateway shards have no pod that is ready",
			Description: "{{ $value }} gateway shards of {{ $labels.namespace }}/{{ $labels.chatcluster }} have no pod that is ready: their clients wait at the door.",
		},
		{
			Name: "GuildhallReshardStuck", Severity: Critical, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`(time() - max by (namespace, chatcluster) (guildhall_operator_waiting_since_timestamp_seconds{reason=~"Resharding|RollingGateway"}) or 0 * max by (namespace, chatcluster) (guildhall_operator_shards{state="wanted"}))`, Above, scale.Seconds(15 * time.Minute)}},
			Summary:     "The gateway's rollout or re-sharding does not get on",
			Description: "The re-sharding, or another rollout of the gateway, of {{ $labels.namespace }}/{{ $labels.chatcluster }} has waited {{ $value | humanizeDuration }} for the same object. Clients are served as before meanwhile.",
		},
		{
			Name: "GuildhallOperatorFailing", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, controller) (rate(controller_runtime_reconcile_errors_total[` + short + `])) / (sum by (namespace, controller) (rate(controller_runtime_reconcile_total[` + short + `])) > 0)`, Above, 0.1}},
			Summary:     "The operator's passes fail",
			Description: "{{ $value | humanizePercentage }} of the operator's passes end in an error. What runs goes on running; changes and repairs wait.",
		},
		{
			Name: "GuildhallCertificateExpiring", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`min by (namespace, chatcluster) (guildhall_operator_certificate_expiry_timestamp_seconds) - time()`, Below, scale.Seconds(14 * 24 * time.Hour)}},
			Summary:     "The certificate of {{ $labels.chatcluster }} ends soon",
			Description: "The certificate of {{ $labels.namespace }}/{{ $labels.chatcluster }} is good for {{ $value | humanizeDuration }}. After that no client connects.",
		},
		{
			Name: "GuildhallCredentialOld", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`time() - max by (namespace, chatcluster, credential) (guildhall_operator_credential_timestamp_seconds)`, Above, scale.Seconds(365 * 24 * time.Hour)}},
			Summary:     "The {{ $labels.credential }} of {{ $labels.chatcluster }} should be rotated",
			Description: "The {{ $labels.credential }} of {{ $labels.namespace }}/{{ $labels.chatcluster }} has been in use for {{ $value | humanizeDuration }}.",
		},
	}}
}
