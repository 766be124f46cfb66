package rows

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"guildhall.chat/guildhall/hack/load/rig"
)

const (
	// telemetryPairs is how often what is on is compared with what is off, at least.
	telemetryPairs = 8
	// telemetrySessions get the messages of the fan-out.
	telemetrySessions = 1000
	// telemetryDeliveries are enough for the resolution of processor time to be a hundredth of what a side uses.
	telemetryDeliveries = 4 * saturatedDeliveries
	// scrapeEvery is rather often for Prometheus.
	scrapeEvery = 15 * time.Second
)

// telemetry compares a platform whose metrics are counted and read, whose log has its default level, and which traces one request
// in a hundred, with one that does nothing of all that. Both are there all the time, and loaded in turns: first one, then twice the
// other, then the one again.
func telemetry(ctx context.Context, r *rig.Rig, o Options) (results []Result, failed error) {
	silent, err := r.Silent(ctx)
	if err != nil {
		return nil, err
	}
	sink := rig.Sink()
	defer sink.Close()
	var sides [2]*watched // on, off
	for i, how := range []rig.Telemetry{
		{LogLevel: "info", TraceEndpoint: sink.URL, TraceSample: "0.01"},
		{LogLevel: "error", Services: silent},
	} {
		w, err := watch(ctx, r, o, how)
		if err != nil {
			return nil, err
		}
		defer w.close()
		sides[i] = w
	}
	scraping, stop := context.WithCancel(ctx)
	defer stop()
	go sides[0].platform.Scrape(scraping, scrapeEvery)

	pairs := max(telemetryPairs, o.Rounds)
	if o.quick() {
		pairs = 2
	}
	for _, load := range []struct {
		name, what string
		cost       func(*watched, context.Context) (float64, error)
	}{
		{"read", "a channel read by 64 clients, permissions checked", (*watched).read},
		{"post", "messages of 64 members in 16 channels of 4 guilds", (*watched).post},
		{"fanout", "one channel's messages to 1,000 sessions, as fast as they go", (*watched).fanOut},
	} {
		name := "telemetry/" + load.name
		if !o.Wants(name) {
			continue
		}
		on, off, err := inTurns(ctx, r, name, pairs, func(side int) (float64, error) { return load.cost(sides[side], ctx) })
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", name, err))
			continue
		}
		results = append(results, telemetryRow(name, load.what, on, off))
	}
	return results, failed
}

// inTurns measures both sides pair after pair, each pair in the other order than the one before, after one that does not count.
func inTurns(ctx context.Context, r *rig.Rig, name string, pairs int, cost func(side int) (float64, error)) (on, off []float64, err error) {
	for pair := -1; pair < pairs; pair++ {
		var got [2]float64
		for turn := range 2 {
			side := (turn + pair&1) % 2
			if got[side], err = cost(side); err != nil {
				return nil, nil, err
			}
		}
		r.Say("%s, pair %d: %.0f ns of CPU with telemetry, %.0f without", name, pair+1, got[0], got[1])
		if pair >= 0 {
			on, off = append(on, got[0]), append(off, got[1])
		}
	}
	return on, off, ctx.Err()
}

// telemetryRow has the mean of what is done with telemetry for the work of what is done without, and how sure that is.
func telemetryRow(name, what string, on, off []float64) Result {
	row := Result{
		Name: name, What: what, Peer: "the same without: metrics that count nothing, no log, no traces", Unit: "calls/CPU-s",
		ToReach: ">= 0.97", Ours: 1e9 / median(on), PeerHas: 1e9 / median(off),
	}
	for i := range on {
		row.Rounds = append(row.Rounds, off[i]/on[i])
	}
	var half float64
	row.Ratio, half = confidence(row.Rounds)
	row.Note = fmt.Sprintf("mean of %d pairs, 95 %% confidence interval %.4f to %.4f", len(on), row.Ratio-half, row.Ratio+half)
	return row
}

// student has the quantile 0.975 of Student's t distribution by degrees of freedom, from 1 on.
// https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm
var student = []float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101,
	2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// confidence returns the mean of values, of which there are two or more, and half the width of its 95 % confidence interval.
func confidence(values []float64) (mean, half float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	var squares float64
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return mean, student[min(len(values)-1, len(student))-1] * math.Sqrt(squares/(n-1)/n)
}

// watched is one of the sides: who calls it, and a crowd that gets its messages.
type watched struct {
	*callers
	pids  []int
	calls int
	crowd *scene
	lane  *lane
	sends int
}

func watch(ctx context.Context, r *rig.Rig, o Options, how rig.Telemetry) (w *watched, err error) {
	p, err := r.TelemetryPlatform(ctx, how)
	if err != nil {
		return nil, err
	}
	c, err := callersOf(ctx, p)
	if err != nil {
		return nil, err
	}
	w = &watched{callers: c, calls: o.size(restRequests) / 2}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	if w.pids, err = p.PIDs(); err != nil {
		return w, err
	}
	w.crowd = &scene{rig: r, platform: p, sessions: o.size(telemetrySessions), lanes: map[string]*lane{}}
	gateways, err := p.Gateways()
	if err != nil {
		return w, err
	}
	w.lane, err = w.crowd.clients(ctx, laneGateway, []int{gateways[0].PID}, gateways[0].Addr)
	w.sends = max(20, telemetryDeliveries/w.crowd.sessions)
	if o.quick() {
		w.sends = 20
	}
	return w, err
}

func (w *watched) close() {
	if w.crowd != nil {
		w.crowd.close()
	}
	w.stop()
}

func (w *watched) read(ctx context.Context) (float64, error) {
	return together(ctx, w.pids, w.calls, func(ctx context.Context, client, _ int) error {
		_, err := w.poster.Get(ctx, w.members[client], "")
		return err
	})
}

func (w *watched) post(ctx context.Context) (float64, error) {
	return together(ctx, w.pids, w.calls, func(ctx context.Context, client, n int) error {
		_, err := w.poster.Post(ctx, w.members[client], n)
		return err
	})
}

func (w *watched) fanOut(ctx context.Context) (float64, error) {
	c, err := w.lane.saturated(ctx, w.sends, window(w.crowd.sessions))
	return c.perDelivery, err
}
