package socket

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	connections = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_connections",
		Help: "Open WebSocket connections, those without a session included.",
	})
	refusedConnections = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_connections_refused_total",
		Help: "Connections that were not accepted, by reason.",
	}, []string{"reason"})
	bytesSent = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_sent_bytes_total",
		Help: "Bytes written to clients, after compression and with frame headers.",
	})
)
