package worker

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	relayed = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_relay_events_total",
		Help: "Events that the relay published because nobody else had.",
	})
	backlogAge = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_relay_backlog_age_seconds",
		Help: "Age of the oldest event that the relay has not yet found in Redis.",
	})
	leasesHeld = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "guildhall_worker_lease_held",
		Help: "1 while this worker does the job.",
	}, []string{"job"})
	failures = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_worker_failures_total",
		Help: "Steps of a job that failed and were tried again, by job.",
	}, []string{"job"})
)
