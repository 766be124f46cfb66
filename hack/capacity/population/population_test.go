package population

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestGuildsHaveTheSessionsThatThereAre(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		guilds := rapid.IntRange(200, 5000).Draw(t, "guilds")
		sessions := float64(rapid.IntRange(1000, 1_000_000).Draw(t, "sessions"))
		p, err := New(guilds, sessions, rapid.Float64Range(0.1, 4).Draw(t, "per session"), rapid.Float64Range(0.1, 2).Draw(t, "sigma"), 1)
		if err != nil {
			t.Fatal(err)
		}
		sum, last := 0.0, 0.0
		for rank := range guilds {
			size := p.Size(rank)
			if size < last || size > sessions {
				t.Fatalf("guild %d has %v sessions, the one before %v, and there are %v", rank, size, last, sessions)
			}
			last = size
			sum += size
		}
		// The largest guilds of a wide law on few guilds are a matter of chance: a tenth.
		if want := sessions * p.PerSession; math.Abs(sum-want) > want/10 {
			t.Fatalf("%v sessions in all guilds, not %v", sum, want)
		}
	})
}

func TestMomentsAreThoseOfTheGuilds(t *testing.T) {
	t.Parallel()
	for _, sigma := range []float64{0.5, 1, Sigma, 2} {
		p, err := New(10_000, 1_000_000, 2, sigma, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []float64{1, 1.27, 2} {
			sum := 0.0
			for rank := range p.Guilds {
				sum += math.Pow(p.Size(rank), k)
			}
			if got, want := p.Moment(k), sum/float64(p.Guilds); math.Abs(got-want) > 0.05*want {
				t.Errorf("sigma %v, moment %v: %v predicted, %v summed", sigma, k, got, want)
			}
		}
	}
}

func TestFollowing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size float64
		pods int
		want float64
	}{{0, 10, 1}, {1e9, 10, 10}, {1000, 1, 1}, {1, 1_000_000, 2}} {
		if got := Following(tt.size, tt.pods); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("%v sessions are on %v of %d pods, not %v", tt.size, got, tt.pods, tt.want)
		}
	}
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for _, try := range []struct {
		guilds                                int
		sessions, perSession, sigma, activity float64
	}{
		{0, 100, 1, 1, 1}, {10, 0, 1, 1, 1}, {10, math.NaN(), 1, 1, 1}, {10, 100, 11, 1, 1}, {10, 100, 10, 1, 1}, {10, 100, 0, 1, 1},
		{10, 100, 1, 0, 1}, {10, 100, 1, 5, 1}, {10, 100, 1, 1, -1}, {10, 100, 1, 1, math.NaN()}, {10, math.Inf(1), 1, 1, 1},
	} {
		if p, err := New(try.guilds, try.sessions, try.perSession, try.sigma, try.activity); err == nil {
			t.Errorf("%+v became %+v", try, p)
		}
	}
}
