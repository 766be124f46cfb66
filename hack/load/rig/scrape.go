package rig

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"guildhall.chat/guildhall/hack/local/status"
)

// Sink takes whatever is posted to it, and throws it away: a collector that costs nobody else anything.
func Sink() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
}

// Scrape reads the metrics of all services as Prometheus does, until ctx ends.
func (p *Platform) Scrape(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		current, err := status.Read(p.data)
		if err != nil {
			continue
		}
		for _, child := range current.Children {
			if admin := child.Ports["admin"]; admin != 0 && ctx.Err() == nil {
				_ = read(ctx, fmt.Sprintf("http://127.0.0.1:%d/metrics", admin))
			}
		}
	}
}

func read(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	_, err = io.Copy(io.Discard, response.Body)
	return err
}
