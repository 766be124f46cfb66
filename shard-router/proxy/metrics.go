package proxy

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
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
}

// NewMetrics registers the proxy's metrics with registry.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	m := &Metrics{
		connections: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "guildhall_router_connections",
			Help: "Client connections open now, by phase: pending until IDENTIFY or RESUME is handed over, then placed.",
		}, []string{"phase"}),
		placements: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guildhall_router_placements_total",
			Help: "Connections handed over to a gateway pod, by the shard of the pod.",
		}, []string{"shard"}),
		refusals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guildhall_router_refusals_total",
			Help: "Connections ended by the router before they were handed over, by reason.",
		}, []string{"reason"}),
		dialFailures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guildhall_router_dial_failures_total",
			Help: "Attempts to reach a gateway pod that failed, by the shard of the pod.",
		}, []string{"shard"}),
		placing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "guildhall_router_placing_seconds",
			Help:    "Time from a client's IDENTIFY or RESUME to its hand-over to a gateway pod.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		copied: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "guildhall_router_copied_bytes_total",
			Help: "Bytes copied between clients and gateway pods after the hand-over, by direction.",
		}, []string{"direction"}),
	}
	registry.MustRegister(m.connections, m.placements, m.refusals, m.dialFailures, m.placing, m.copied)
	return m
}

func (m *Metrics) refused(reason string) { m.refusals.WithLabelValues(reason).Inc() }

func (m *Metrics) dialFailed(shard int) { m.dialFailures.WithLabelValues(strconv.Itoa(shard)).Inc() }

func (m *Metrics) placed(shard int) { m.placements.WithLabelValues(strconv.Itoa(shard)).Inc() }
