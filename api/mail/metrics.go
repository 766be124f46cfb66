package mail

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	sent = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_mails_sent_total",
		Help: "Mails that were handed over.",
	})
	dropped = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_mails_dropped_total",
		Help: "Mails that were given up, or found the queue full.",
	})
)
