// Package gateway asks gateway pods how they are, on their admin ports.
package gateway

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"golang.org/x/sync/errgroup"
)

const (
	metric = "guildhall_gateway_sessions"

	askTimeout = 2 * time.Second
	// maxMetrics bounds what is read of a pod's metrics, in bytes.
	maxMetrics = 4 << 20
	// together is how many pods are asked at once.
	together = 32
)

var client = &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}

// Sessions returns how many sessions the pods with these admin addresses, host:port, hold together. A pod that does not answer
// counts as one without.
func Sessions(ctx context.Context, addrs []string) int {
	counts := make([]int, len(addrs))
	var group errgroup.Group
	group.SetLimit(together)
	for i, addr := range addrs {
		group.Go(func() error {
			counts[i], _ = sessions(ctx, addr)
			return nil
		})
	}
	_ = group.Wait()
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

func sessions(ctx context.Context, addr string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(io.LimitReader(response.Body, maxMetrics))
	if err != nil {
		return 0, fmt.Errorf("metrics of %s: %w", addr, err)
	}
	total := 0.0
	for _, m := range families[metric].GetMetric() {
		total += m.GetGauge().GetValue()
	}
	return int(total), nil
}
