package rows

import (
	"context"
	"fmt"
	"math"
	"time"

	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/world"
)

const (
	// telemetryStarts is how often both sides are started, at least, and telemetryPairs how often each start is measured, after
	// telemetryWarm pairs that don't count. Processes that do the same differ by some hundredths from one start to the next, so that
	// pairs of one start say little about another; and pairs are short, for the machine is faster at one time than at another.
	telemetryStarts = 6
	telemetryPairs  = 24
	telemetryWarm   = 4
	// telemetryCalls are in a turn.
	telemetryCalls = 4_000
	// telemetrySessions get the messages of the fan-out.
	telemetrySessions = 1000
	// telemetryDeliveries are in a turn of the fan-out.
	telemetryDeliveries = saturatedDeliveries
	// scrapeEvery is rather often for Prometheus.
	scrapeEvery = 15 * time.Second
)

// telemetryLoads are what the sides are compared at.
var telemetryLoads = []struct {
	name, what string
	cost       func(*watched, context.Context) (float64, error)
}{
	{"read", "a channel read by 64 clients, permissions checked", (*watched).read},
	{"post", "messages of 64 members in 16 channels of 4 guilds", (*watched).post},
	{"fanout", "one channel's messages to 1,000 sessions, as fast as they go", (*watched).fanOut},
}

// telemetry compares an api and a gateway whose metrics are counted and read, whose log has its default level, and which trace one
// request in a hundred, with others that do nothing of all that. Both work over the same stores and the same data, and are loaded in
// turns: first one, then twice the other, then the one again. The worker, which is one for both, does not count.
func telemetry(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	silent, err := r.Silent(ctx)
	if err != nil {
		return nil, err
	}
	sink := rig.Sink()
	defer sink.Close()
	c, err := newCallers(ctx, r)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	s := &silence{rig: r, callers: c, options: o, ratios: map[string][]float64{}, on: map[string][]float64{}, off: map[string][]float64{}, sides: [2]rig.Telemetry{
		{LogLevel: "info", TraceEndpoint: sink.URL, TraceSample: "0.01"},
		{LogLevel: "error", Binaries: silent},
	}}
	starts := max(telemetryStarts, o.Rounds)
	if o.quick() {
		starts = 2
	}
	for start := range starts {
		if err := s.start(ctx, start); err != nil {
			return nil, err
		}
	}
	var results []Result
	for _, load := range telemetryLoads {
		if name := "telemetry/" + load.name; o.Wants(name) {
			results = append(results, s.row(name, load.what))
		}
	}
	return results, nil
}

// silence is what telemetry is compared with, and what came of it.
type silence struct {
	rig     *rig.Rig
	callers *callers
	options Options
	sides   [2]rig.Telemetry // on, off

	ratios  map[string][]float64 // by row: of each start, the mean of what is off to what is on
	on, off map[string][]float64 // nanoseconds
}

// start starts both sides and measures them.
func (s *silence) start(ctx context.Context, n int) error {
	var both [2]*watched
	for turn := range 2 {
		side := (turn + n) % 2
		w, err := s.watch(ctx, fmt.Sprintf("start-%d-%d", n, side), s.sides[side])
		if err != nil {
			return err
		}
		defer w.close()
		both[side] = w
	}
	scraping, stop := context.WithCancel(ctx)
	defer stop()
	go both[0].services.Scrape(scraping, scrapeEvery)
	for _, load := range telemetryLoads {
		name := "telemetry/" + load.name
		if !s.options.Wants(name) {
			continue
		}
		on, off, err := inTurns(ctx, s.pairs(), func(side int) (float64, error) { return load.cost(both[side], ctx) })
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		var ratios []float64
		for i := range on {
			ratios = append(ratios, off[i]/on[i])
		}
		mean, half := confidence(ratios)
		s.rig.Say("%s, start %d: %.3f ± %.3f; %.0f ns of CPU with telemetry, %.0f without", name, n+1, mean, half, median(on), median(off))
		s.ratios[name] = append(s.ratios[name], mean)
		s.on[name], s.off[name] = append(s.on[name], on...), append(s.off[name], off...)
	}
	return nil
}

func (s *silence) pairs() int {
	if s.options.quick() {
		return 2
	}
	return telemetryPairs
}

// inTurns measures both sides pair after pair, each pair in the other order than the one before, after some that don't count.
func inTurns(ctx context.Context, pairs int, cost func(side int) (float64, error)) (on, off []float64, err error) {
	for pair := -telemetryWarm; pair < pairs; pair++ {
		var got [2]float64
		for turn := range 2 {
			side := (turn + pair&1) % 2
			if got[side], err = cost(side); err != nil {
				return nil, nil, err
			}
		}
		if pair >= 0 {
			on, off = append(on, got[0]), append(off, got[1])
		}
	}
	return on, off, ctx.Err()
}

// row has the mean of what is done with telemetry for the work of what is done without, and how sure that is.
func (s *silence) row(name, what string) Result {
	row := Result{
		Name: name, What: what, Peer: "the same without: metrics that count nothing, no log, no traces", Unit: "calls/CPU-s",
		ToReach: ">= 0.97", Ours: 1e9 / median(s.on[name]), PeerHas: 1e9 / median(s.off[name]), Rounds: s.ratios[name],
	}
	var half float64
	row.Ratio, half = confidence(row.Rounds)
	row.Note = fmt.Sprintf("mean of %d starts of %d pairs each, 95 %% confidence interval %.4f to %.4f",
		len(row.Rounds), s.pairs(), row.Ratio-half, row.Ratio+half)
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

// watched is one of the sides: its services, who calls them, and a crowd that gets its messages.
type watched struct {
	*callers
	services *rig.Services
	poster   *world.Poster
	pids     []int // whose time counts
	calls    int
	crowd    *scene
	lane     *lane
	sends    int
}

func (s *silence) watch(ctx context.Context, name string, how rig.Telemetry) (w *watched, err error) {
	w = &watched{callers: s.callers, calls: s.options.size(telemetryCalls)}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	p := s.callers.platform
	if w.services, err = p.Services(ctx, name, how); err != nil {
		return w, err
	}
	w.poster = p.World.Poster(w.services.API.Addr, restClients)
	if w.pids, err = p.Stores(); err != nil {
		return w, err
	}
	w.pids = append(w.pids, w.services.API.PID, w.services.Gateway.PID)
	if !s.options.Wants("telemetry/fanout") {
		return w, nil
	}
	w.crowd = &scene{
		rig: s.rig, platform: p, api: w.services.API.Addr, sessions: s.options.size(telemetrySessions), lanes: map[string]*lane{},
	}
	w.lane, err = w.crowd.clients(ctx, laneGateway, []int{w.services.Gateway.PID}, w.services.Gateway.Addr)
	w.sends = max(20, telemetryDeliveries/w.crowd.sessions)
	if s.options.quick() {
		w.sends = 20
	}
	return w, err
}

func (w *watched) close() {
	if w.crowd != nil {
		w.crowd.close()
	}
	if w.poster != nil {
		w.poster.Close()
	}
	if w.services != nil {
		w.services.Stop()
	}
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
