package outgoing

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	deliveries = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_event_deliveries_total", Help: "Attempts to send events to applications, by what became of them.",
	}, []string{"outcome"})
	deliveriesWaiting = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_event_deliveries_waiting", Help: "Events that wait to be sent to applications.",
	})
	deliveriesDead = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_event_deliveries_dead", Help: "Events that were given up.",
	})
)
