package rules

import "time"

// api is REST, what the api's worker does, and what is sent to applications.
func api(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: API, Recordings: []Recording{
		{
			"guildhall:rest_latency_seconds:p99_rate5m",
			`histogram_quantile(0.99, sum by (namespace, chatcluster, le) (rate(guildhall_http_request_duration_seconds_bucket[` + short + `])))`,
		},
	}, Alerts: []Alert{
		{
			Name: "GuildhallRESTSlow", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{"guildhall:rest_latency_seconds:p99_rate5m", Above, 1}},
			Summary:     "REST is slow",
			Description: "One request in a hundred to {{ $labels.namespace }}/{{ $labels.chatcluster }} takes longer than {{ $value | humanizeDuration }}.",
		},
		{
			Name: "GuildhallRESTPanics", Severity: Warning, Keep: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (increase(guildhall_http_panics_total[` + scale.Range(10*time.Minute) + `]))`, Above, 0}},
			Summary:     "A request ended in a panic",
			Description: "A request to {{ $labels.namespace }}/{{ $labels.chatcluster }} met a bug and was answered with 500; others were not touched.",
		},
		{
			Name: "GuildhallRateLimitsLocal", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (rate(guildhall_ratelimit_fallbacks_total[` + short + `]))`, Above, 0}},
			Summary:     "Rate limits are counted by each process for itself",
			Description: "Redis does not answer some requests for rate limits in {{ $labels.namespace }}/{{ $labels.chatcluster }}: each process counts by itself, more strictly, and permissions are read from Postgres each time.",
		},
		{
			Name: "GuildhallWorkerJobIdle", Severity: Critical, Subsystem: Worker, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster, task) (guildhall_worker_lease_held)`, Is, 0}},
			Summary:     "Nobody does the job {{ $labels.task }}",
			Description: "No worker of {{ $labels.namespace }}/{{ $labels.chatcluster }} holds the lease of {{ $labels.task }}, so what it does waits.",
		},
		{
			Name: "GuildhallWorkerJobFailing", Severity: Warning, Subsystem: Worker, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster, task) (rate(guildhall_worker_failures_total[` + short + `]))`, Above, 0}},
			Summary:     "The job {{ $labels.task }} fails",
			Description: "Steps of {{ $labels.task }} in {{ $labels.namespace }}/{{ $labels.chatcluster }} have failed for 10 minutes and are tried again.",
		},
		{
			Name: "GuildhallWebhooksLate", Severity: Warning, Subsystem: Worker, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_webhook_queue_age_seconds)`, Above, scale.Seconds(15 * time.Minute)}},
			Summary:     "Events to applications are late",
			Description: "An event has waited {{ $value | humanizeDuration }} to be sent to an application of {{ $labels.namespace }}/{{ $labels.chatcluster }}.",
		},
		{
			Name: "GuildhallWebhookDeadLetters", Severity: Warning, Subsystem: Worker, Keep: scale.Time(30 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (increase(guildhall_webhook_deliveries_total{outcome="dead"}[` + scale.Range(15*time.Minute) + `]))`, Above, 0}},
			Summary:     "Events to applications were given up",
			Description: "Events of {{ $labels.namespace }}/{{ $labels.chatcluster }} could not be delivered to the URL of an application and are tried no more.",
		},
		{
			Name: "GuildhallMailDropped", Severity: Warning, Keep: scale.Time(30 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (increase(guildhall_mails_dropped_total[` + scale.Range(15*time.Minute) + `]))`, Above, 0}},
			Summary:     "Mails are not sent",
			Description: "{{ $labels.namespace }}/{{ $labels.chatcluster }} has given up mails: people can't prove their address or choose another password.",
		},
	}}
}
