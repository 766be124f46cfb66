package main

import (
	"testing"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/metrics/page"
)

func TestMetricsPage(t *testing.T) { page.Check(t, "gateway", metrics.Default.Definitions()) }
