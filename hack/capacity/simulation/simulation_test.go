package simulation

import (
	"reflect"
	"testing"

	"guildhall.chat/guildhall/hack/capacity/population"
)

func input(t *testing.T, guilds int) Input {
	t.Helper()
	p, err := population.New(guilds, 1_000_000, 2, population.Sigma, 1)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Population: p, Messages: 1000, Online: 0.5, Shards: []int{1, 3, 16, 128}, Pods: []int{1, 20}, Seed: 1}
}

func TestSimulationIsWhatArithmeticPredicts(t *testing.T) {
	t.Parallel()
	in := input(t, 10_000)
	out := Run(in)
	if err := Check(in, out); err != nil {
		t.Error(err)
	}
	if again := Run(in); !reflect.DeepEqual(out, again) {
		t.Error("the same seed gives something else")
	}
	in.Seed = 2
	if other := Run(in); reflect.DeepEqual(out.Balance, other.Balance) || out.FanOut != other.FanOut {
		t.Error("another seed must move guilds to other shards, and do nothing to their sizes")
	}
	one := out.Balance[0]
	if one.Guilds.Max != 10_000 || one.Deliveries.Imbalance() != 1 {
		t.Errorf("one shard has all: %+v", one)
	}
	if members := in.Members(one); members < 3.9e6 || members > 4e6 { // a million sessions in two guilds each, half of whose members are there
		t.Errorf("%v members", members)
	}
}

func TestCheckNotices(t *testing.T) {
	t.Parallel()
	in := input(t, 10_000)
	for name, spoil := range map[string]func(*Output){
		"sessions":         func(o *Output) { o.Sessions *= 1.1 },
		"fan-out":          func(o *Output) { o.FanOut *= 0.9 },
		"a shard too full": func(o *Output) { o.Balance[2].Guilds.Max = o.Balance[2].Guilds.Bound * 1.01 },
		"shards too even":  func(o *Output) { o.Balance[3].Sessions.Deviation = 0 },
		"no shard with the largest guild": func(o *Output) {
			o.Balance[3].Deliveries.Max = o.Balance[3].Deliveries.Largest / 2
		},
		"more pods than there are": func(o *Output) { o.Follows[1].Message = 21 },
	} {
		out := Run(in)
		spoil(&out)
		if Check(in, out) == nil {
			t.Errorf("%s: passed", name)
		}
	}
}

func BenchmarkTenMillionGuilds(b *testing.B) {
	p, err := population.New(10_000_000, 10_000_000, 5, population.Sigma, 1)
	if err != nil {
		b.Fatal(err)
	}
	in := Input{Population: p, Messages: 1, Shards: []int{64, 4000}, Pods: []int{100}, Seed: 1}
	b.ReportAllocs()
	for b.Loop() {
		if err := Check(in, Run(in)); err != nil {
			b.Fatal(err)
		}
	}
}
