package socket

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/metrics"
)

var (
	connections = metrics.NewGauge("guildhall_gateway_connections",
		"Open WebSocket connections, those without a session included.")
	maxConnections = metrics.NewGauge("guildhall_gateway_max_connections",
		"Connections that may be open at once; more are refused.")
	refusedConnections = metrics.NewCounters("guildhall_gateway_refused_connections_total",
		"Connections that were not accepted, by reason.", "reason")
	closes = metrics.NewCounters("guildhall_gateway_closes_total",
		"Connections that the pod closed, by the close code that it sent; other for those that are no codes of the gateway.", "code")
	heartbeatTimeouts = metrics.NewCounter("guildhall_gateway_heartbeat_timeouts_total",
		"Connections that were given up because no heartbeat came.")
	stuckWrites = metrics.NewCounter("guildhall_gateway_stuck_writes_total",
		"Connections that were given up because the client made no room for what was written.")
	payloadBytes = metrics.NewCounters("guildhall_gateway_payload_bytes_total",
		"Bytes of messages to clients before compression, by the compression of the connection.", "compression")
	sentBytes = metrics.NewCounters("guildhall_gateway_sent_bytes_total",
		"Bytes written to clients, after compression and with frame headers, by the compression of the connection.", "compression")
)

// Reasons of refusals, label values of the counter.
const (
	refusedNotRouter  = "not_a_router"
	refusedDraining   = "draining"
	refusedParameters = "parameters"
	refusedFull       = "full"
	refusedUpgrade    = "upgrade"
	refusedDescriptor = "descriptor"
)

func init() {
	for _, reason := range []string{
		refusedNotRouter, refusedDraining, refusedParameters, refusedFull, refusedUpgrade, refusedDescriptor,
	} {
		refusedConnections.WithLabelValues(reason)
	}
}

func refused(reason string) { refusedConnections.WithLabelValues(reason).Inc() }

// traffic counts what connections of one compression are sent.
type traffic struct{ payload, sent prometheus.Counter }

var traffics = func() (all [codec.ZstdStream + 1]traffic) {
	for c := range all {
		name := codec.Compression(c).String()
		all[c] = traffic{payloadBytes.WithLabelValues(name), sentBytes.WithLabelValues(name)}
	}
	return all
}()

// closed counts a close frame.
func closed(code discord.CloseCode) {
	switch {
	case code == 1000, code == 1001, code == 1002, code >= discord.CloseUnknownError && code <= discord.CloseTooManySessions:
		closes.WithLabelValues(strconv.Itoa(int(code))).Inc()
	default:
		closes.WithLabelValues("other").Inc()
	}
}
