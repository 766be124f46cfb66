package outgoing

import "guildhall.chat/guildhall/internal/metrics"

var deliveries = metrics.NewCounters("guildhall_webhook_deliveries_total",
	"Attempts to send events to applications, by what became of them: taken, failed (to be tried again), dead.", "outcome")

var (
	deliveriesTaken  = deliveries.WithLabelValues("taken")
	deliveriesFailed = deliveries.WithLabelValues("failed")
	deliveriesDead   = deliveries.WithLabelValues("dead")
)
