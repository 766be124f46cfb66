package proxy

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/metrics"
)

// Phases of a connection, label values of the gauge.
const (
	phasePending = "pending"
	phasePlaced  = "placed"
)

// Reasons of refusals, label values of the counter.
const (
	refusedNotUpgrade  = "not_websocket"
	refusedParams      = "unsupported_parameters"
	refusedDraining    = "draining"
	refusedFull        = "too_many_connections"
	refusedPending     = "too_many_pending"
	refusedProtocol    = "websocket_protocol"
	refusedDecode      = "decode_error"
	refusedOpcode      = "unknown_opcode"
	refusedEarly       = "not_authenticated"
	refusedRate        = "rate_limited"
	refusedShard       = "invalid_shard"
	refusedTimeout     = "identify_timeout"
	refusedNoPod       = "no_pod"
	refusedInternal    = "internal_error"
	directionToGateway = "to_gateway"
	directionToClient  = "to_client"
)

// Metrics are the proxy's counters and gauges.
type Metrics struct {
	connections  *prometheus.GaugeVec
	placements   *prometheus.CounterVec
	refusals     *prometheus.CounterVec
	dialFailures *prometheus.CounterVec
	placing      prometheus.Histogram
	copied       *prometheus.CounterVec
	maximum      prometheus.Gauge

	// Children that are looked up once.
	pending, joined     prometheus.Gauge
	toGateway, toClient prometheus.Counter
}

// NewMetrics declares the proxy's metrics in registry.
func NewMetrics(registry *metrics.Registry) *Metrics {
	m := &Metrics{
		connections: registry.NewGauges("guildhall_router_connections",
			"Client connections open now, by phase: pending until IDENTIFY or RESUME is handed over, then placed.", "phase"),
		placements: registry.NewCounters("guildhall_router_placements_total",
			"Connections handed over to a gateway pod, by the shard of the pod.", "shard"),
		refusals: registry.NewCounters("guildhall_router_refusals_total",
			"Connections ended by the router before they were handed over, by reason.", "reason"),
		dialFailures: registry.NewCounters("guildhall_router_dial_failures_total",
			"Attempts to reach a gateway pod that failed, by the shard of the pod.", "shard"),
		placing: registry.NewHistogram("guildhall_router_placing_seconds",
			"Time from a client's IDENTIFY or RESUME to its hand-over to a gateway pod.", metrics.Latency),
		maximum: registry.NewGauge("guildhall_router_max_connections",
			"Client connections that may be open at once; more are refused."),
		copied: registry.NewCounters("guildhall_router_copied_bytes_total",
			"Bytes copied between clients and gateway pods after the hand-over, by direction.", "direction"),
	}
	m.pending, m.joined = m.connections.WithLabelValues(phasePending), m.connections.WithLabelValues(phasePlaced)
	m.toGateway, m.toClient = m.copied.WithLabelValues(directionToGateway), m.copied.WithLabelValues(directionToClient)
	for _, reason := range []string{
		refusedNotUpgrade, refusedParams, refusedDraining, refusedFull, refusedPending, refusedProtocol, refusedDecode, refusedOpcode,
		refusedEarly, refusedRate, refusedShard, refusedTimeout, refusedNoPod, refusedInternal,
	} {
		m.refusals.WithLabelValues(reason)
	}
	return m
}

func (m *Metrics) refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }

func (m *Metrics) dialFailed(shard int) { m.dialFailures.WithLabelValues(strconv.Itoa(shard)).Inc() }

func (m *Metrics) placed(shard int) { m.placements.WithLabelValues(strconv.Itoa(shard)).Inc() }
