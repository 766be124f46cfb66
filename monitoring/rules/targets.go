package rules

import "time"

// components are those that Prometheus scrapes, as a label matcher.
const components = `component=~"api|worker|gateway|shard-router|operator"`

// targets are about processes as such.
func targets(scale Scale) Group {
	return Group{Subsystem: "targets", Alerts: []Alert{
		{
			Name: "GuildhallComponentDown", Severity: Critical, Subsystem: "{{ $labels.component }}", For: scale.Time(2 * time.Minute),
			Conditions:  []Condition{{`(sum by (namespace, chatcluster, component) (up{` + components + `}) or 0 * sum by (namespace, chatcluster, component) (last_over_time(up{component="operator"}[` + scale.Range(24*time.Hour) + `])))`, Is, 0}},
			Summary:     "No {{ $labels.component }} answers",
			Description: "Not one process of {{ $labels.component }} in {{ $labels.namespace }}/{{ $labels.chatcluster }} answers Prometheus: what it does is not done. Of the operator, whose pods nobody else tells of, that holds for a day after it is gone.",
		},
		{
			Name: "GuildhallTargetDown", Severity: Warning, Subsystem: "{{ $labels.component }}", For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`min by (namespace, chatcluster, component, pod) (up{` + components + `})`, Is, 0}},
			Summary:     "{{ $labels.pod }} does not answer",
			Description: "Prometheus has not read the metrics of {{ $labels.pod }} ({{ $labels.component }}) in {{ $labels.namespace }}/{{ $labels.chatcluster }} for 10 minutes. Others of its kind serve in its place.",
		},
		{
			Name: "GuildhallRestarts", Severity: Warning, Subsystem: "{{ $labels.component }}",
			Conditions:  []Condition{{`max by (namespace, chatcluster, component, pod) (changes(process_start_time_seconds{` + components + `}[` + scale.Range(30*time.Minute) + `]))`, Above, 3}},
			Keep:        scale.Time(10 * time.Minute),
			Summary:     "{{ $labels.pod }} restarts again and again",
			Description: "{{ $labels.pod }} in {{ $labels.namespace }}/{{ $labels.chatcluster }} has started {{ $value }} times within 30 minutes. Its clients reconnect each time.",
		},
	}}
}
