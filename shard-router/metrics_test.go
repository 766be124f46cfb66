package main

import (
	"testing"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/metrics/page"
	"guildhall.chat/guildhall/shard-router/proxy"
)

func TestMetricsPage(t *testing.T) {
	registry := metrics.New()
	declare(registry)
	proxy.NewMetrics(registry)
	page.Check(t, "shard-router", append(metrics.Default.Definitions(), registry.Definitions()...))
}
