package session

import (
	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/metrics"
)

var (
	sessionsOpen = metrics.NewGauge("guildhall_gateway_sessions",
		"Sessions of this pod, those that wait for a resume included.")
	sessionsEnded = metrics.NewCounters("guildhall_gateway_sessions_ended_total",
		"Sessions that have ended, by cause.", "cause")
	identifies = metrics.NewCounters("guildhall_gateway_identifies_total",
		"IDENTIFYs by outcome: ok, invalid_session, limited (the bot has begun too many), gone (the client went away), or the close code.", "outcome")
	resumes = metrics.NewCounters("guildhall_gateway_resumes_total",
		"RESUMEs by kind (here: the pod had the session; elsewhere: it continued another's) and outcome: ok, invalid_session, try_again, gone (the client went away), or the close code.", "kind", "outcome")
	resumeSeconds = metrics.NewHistograms("guildhall_gateway_resume_seconds",
		"Time from a RESUME to its answer, by kind.", metrics.Latency, "kind")
	resumeRefusals = metrics.NewCounters("guildhall_gateway_resume_refusals_total",
		"RESUMEs that were told Invalid Session, by why the session could not be continued exactly.", "reason")
	replayed = metrics.NewCounter("guildhall_gateway_replayed_dispatches_total",
		"Dispatches sent again after a RESUME.")
	queueDepth = metrics.NewHistogram("guildhall_gateway_send_queue_bytes",
		"What still waits for a client after a write that did not take all, in uncompressed bytes.", prometheus.ExponentialBuckets(256, 4, 9))
	backlog = metrics.NewReading(metrics.Gauge, "guildhall_gateway_backlog_bytes",
		"What waits for all the clients of the pod now, in uncompressed bytes.")
	largestBacklog = metrics.NewReading(metrics.Gauge, "guildhall_gateway_largest_backlog_bytes",
		"What waits for the one client that has most waiting, in uncompressed bytes.")
	maxBacklog = metrics.NewGauge("guildhall_gateway_max_backlog_bytes",
		"What may wait for one client before its connection is closed, in uncompressed bytes.")
	slowReaders = metrics.NewCounter("guildhall_gateway_slow_readers_total",
		"Connections closed because more waited for the client than may.")
	heartbeatLateness = metrics.NewHistogram("guildhall_gateway_heartbeat_lateness_seconds",
		"How much later than the interval after the one before a heartbeat came; 0 if in time.", []float64{0, .1, .5, 1, 2.5, 5, 10, 20, 30})
	identifySeconds = metrics.NewHistogram("guildhall_gateway_identify_seconds",
		"Time from an IDENTIFY to its READY, the wait for a bot's turn to start included.", metrics.Latency)
)

func init() {
	identifies.WithLabelValues("limited")
	for _, outcome := range []string{"ok", "invalid_session", "gone"} {
		identifies.WithLabelValues(outcome)
		for _, kind := range []string{"here", "elsewhere"} {
			resumes.WithLabelValues(kind, outcome)
			resumes.WithLabelValues(kind, "try_again")
			resumeSeconds.WithLabelValues(kind)
		}
	}
}

// measure has the sessions looked at when metrics are read, until end is called.
func (s *Server) measure() (end func()) {
	maxBacklog.Set(float64(s.host.maxBacklog))
	ends := []func(){
		backlog.From(func(tell metrics.Tell) {
			all, _ := s.backlog()
			tell(float64(all))
		}),
		largestBacklog.From(func(tell metrics.Tell) {
			_, most := s.backlog()
			tell(float64(most))
		}),
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// backlog returns what waits for all clients, and the largest backlog that is held against its bound, in bytes.
func (s *Server) backlog() (all, most int) {
	for _, session := range s.sessions.all() {
		waits, backlog := session.unsent()
		all, most = all+waits, max(most, backlog)
	}
	return all, most
}

// unsent returns how many bytes wait for the client, and how many of them count as its backlog: what it asked for itself does not.
func (s *Session) unsent() (waits, backlog int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.queue.bytes, s.queue.backlog
}
