package events

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

var (
	publishFailures = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_events_publish_failures_total",
		Help: "Committed events that could not be published at once and were left to the relay.",
	})
	holesFilled = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_events_holes_filled_total",
		Help: "Events that a feed found missing and read from the log or the outbox.",
	})
	feedsLost = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_events_feeds_lost_total",
		Help: "Feeds that fell behind the outbox and had to be loaded again.",
	})
	linksLost = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_events_links_lost_total",
		Help: "Subscriber connections to Redis that ended and were made again.",
	})
	feedsOpen = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_events_feeds",
		Help: "Logs that this process is subscribed to.",
	})
)
