package session

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	sessionsOpen = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_sessions",
		Help: "Sessions of this pod, those that wait for a resume included.",
	})
	sessionsEnded = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_sessions_ended_total",
		Help: "Sessions that have ended, by cause.",
	}, []string{"cause"})
	identifies = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_identifies_total",
		Help: "IDENTIFYs by outcome: ok, invalid_session, or the close code.",
	}, []string{"outcome"})
	resumes = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_resumes_total",
		Help: "RESUMEs by kind (here: the pod had the session; elsewhere: it continued another's) and outcome: ok, invalid_session, try_again, or the close code.",
	}, []string{"kind", "outcome"})
	resumeSeconds = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_resume_seconds",
		Help:    "Time from a RESUME to its answer, by kind.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
	}, []string{"kind"})
	resumeRefusals = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_resume_refusals_total",
		Help: "RESUMEs that were told Invalid Session, by why the session could not be continued exactly.",
	}, []string{"reason"})
	replayed = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_replayed_dispatches_total",
		Help: "Dispatches sent again after a RESUME.",
	})
	queueDepth = promauto.NewHistogram(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_queued_bytes",
		Help:    "What still waits for a client after a write that did not take all, in uncompressed bytes.",
		Buckets: prometheus.ExponentialBuckets(256, 4, 9),
	})
	slowReaders = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_slow_readers_total",
		Help: "Connections closed because the client did not keep up.",
	})
)
