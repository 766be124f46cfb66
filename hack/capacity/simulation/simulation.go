// Package simulation puts the guilds of a population on shards, one by one, by the ids that they could have and the formula that
// the platform uses, and holds what comes out against arithmetic. It keeps sums alone, so memory does not grow with the guilds.
package simulation

import (
	"math"
	"math/rand/v2"
	"time"

	"guildhall.chat/guildhall/hack/capacity/population"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Input is what is simulated.
type Input struct {
	population.Population
	Messages float64 // a second, of all guilds
	Online   float64 // the part of a guild's members that is connected
	Shards   []int   // numbers of shards to try
	Pods     []int   // numbers of pods to try
	Seed     uint64  // of the times at which guilds were made
}

// Output is what came out.
type Output struct {
	Sessions   float64 // sum over the guilds: one in three guilds counts three times
	Largest    float64 // sessions of the largest guild
	Deliveries float64 // a second
	FanOut     float64 // deliveries of a message
	// LargestShare is the largest guild's part of all deliveries.
	LargestShare float64
	Balance      []Balance // one a number of shards
	Follows      []Follow  // one a number of pods
}

// Balance is how even so many shards are.
type Balance struct {
	Shards                       int
	Guilds, Sessions, Deliveries Spread
}

// Members is how many members the guilds of a shard have, on average: in proportion to their sessions, as even or uneven.
func (in Input) Members(b Balance) float64 { return b.Sessions.Mean / in.Online }

// Spread is the load of shards.
type Spread struct {
	Mean, Max float64
	// Bound is what Max is not above by chance: Bernstein's inequality for all shards at once, with a probability of one in a million.
	Bound float64
	// Largest is what the largest guild alone brings: Max is never less.
	Largest float64
	// Deviation is the shards' standard deviation, and Predicted what it should be: the variance of a sum of guilds of which each
	// is on a shard with the same probability.
	Deviation, Predicted float64
}

// Imbalance is the fullest shard's load against the mean.
func (s Spread) Imbalance() float64 { return s.Max / s.Mean }

// Follow is how many pods a message goes to, on average, when sessions are on so many by chance.
type Follow struct {
	Pods    int
	Message float64
}

// born is when the first guild was made, and grown how long others have been made since. Both are arbitrary: shards go by the
// milliseconds of that time, of which there are many for each guild.
var born = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

const grown = 3 * 365 * 24 * time.Hour

// load is what sums are kept of.
type load struct {
	shards            [][]float64 // by number of shards, by shard
	sum, square, most float64
}

func newLoad(shards []int) *load {
	l := &load{}
	for _, n := range shards {
		l.shards = append(l.shards, make([]float64, n))
	}
	return l
}

// add adds the guild that is on these shards, by number of shards.
func (l *load) add(on []int, amount float64) {
	for i, shard := range on {
		l.shards[i][shard] += amount
	}
	l.sum += amount
	l.square += amount * amount
	l.most = max(l.most, amount)
}

// spread tells how the i-th number of shards is loaded, in units of so much.
func (l *load) spread(i int, unit float64) Spread {
	n := float64(len(l.shards[i]))
	s := Spread{Mean: unit * l.sum / n, Largest: unit * l.most, Bound: unit * (l.sum/n + l.deviation(n))}
	squares := 0.0
	for _, amount := range l.shards[i] {
		s.Max = max(s.Max, unit*amount)
		squares += (amount - l.sum/n) * (amount - l.sum/n)
	}
	s.Deviation, s.Predicted = unit*math.Sqrt(squares/n), unit*math.Sqrt(l.variance(n))
	return s
}

// chance is the probability with which one of the shards may be above its bound.
const chance = 1e-6

// deviation is the t of Bernstein's inequality: a sum of independent terms, none above most, with the variance v, is above its mean by
// t with a probability of at most exp(-t²/2 / (v + most t/3)).
func (l *load) deviation(shards float64) float64 {
	v := l.variance(shards)
	log := math.Log(shards / chance)
	third := l.most * log / 3
	return third + math.Sqrt(third*third+2*v*log)
}

// variance is that of one shard's load.
func (l *load) variance(shards float64) float64 { return l.square / shards * (1 - 1/shards) }

// Run simulates.
func Run(in Input) Output {
	random := rand.New(rand.NewPCG(in.Seed, 0))
	guilds, sessions, deliveries := newLoad(in.Shards), newLoad(in.Shards), newLoad(in.Shards)
	on := make([]int, len(in.Shards))
	follows := make([]float64, len(in.Pods))
	said, largest := 0.0, 0.0
	for rank := range in.Guilds {
		id := snowflake.FromTime(born.Add(time.Duration(random.Int64N(int64(grown)))))
		for i, n := range in.Shards {
			on[i] = sharding.ShardOf(id, n)
		}
		size := in.Size(rank)
		messages := in.Population.Messages(size)
		guilds.add(on, 1)
		sessions.add(on, size)
		deliveries.add(on, messages*(1+size))
		for i, pods := range in.Pods {
			follows[i] += messages * population.Following(size, pods)
		}
		said += messages
		largest = max(largest, size)
	}
	out := Output{
		Sessions: sessions.sum, Largest: largest, FanOut: deliveries.sum / said, LargestShare: deliveries.most / deliveries.sum,
		Deliveries: in.Messages * deliveries.sum / said,
	}
	for i, n := range in.Shards {
		out.Balance = append(out.Balance, Balance{
			n, guilds.spread(i, 1), sessions.spread(i, 1), deliveries.spread(i, in.Messages/said),
		})
	}
	for i, n := range in.Pods {
		out.Follows = append(out.Follows, Follow{n, follows[i] / said})
	}
	return out
}
