package plan

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
)

// even are costs of one delivery, or one byte, each.
func even() Costs {
	c := Costs{}
	for _, name := range needed {
		c[name] = 1
	}
	return c
}

func TestCoresFollowFromDeliveries(t *testing.T) {
	t.Parallel()
	p := Phases[1]
	n, err := For(p, even(), Standard)
	if err != nil {
		t.Fatal(err)
	}
	// Following costs nothing beyond the first delivery here, so what is left is deliveries, a minute's share and identifies.
	want := (n.Deliveries + p.Sessions/60 + p.Sessions*Standard.Identifies) / Standard.Core
	if got := n.Cores["gateway"]; math.Abs(got-want) > 1e-9 || n.Cores["router"] != got {
		t.Errorf("%v cores of gateways and %v of routers, not %v", got, n.Cores["router"], want)
	}
	if least := want / (Standard.Busy * Standard.GatewayCores); float64(n.GatewayPods) < least || float64(n.GatewayPods) > least+1 {
		t.Errorf("%d gateway pods for %v cores", n.GatewayPods, want)
	}
	twice, err := For(p.Quieter(2), even(), Standard)
	if err != nil || math.Abs(twice.Deliveries-2*n.Deliveries) > 1e-6 || twice.FanOut != n.FanOut {
		t.Errorf("twice the messages: %v deliveries after %v, %v", twice.Deliveries, n.Deliveries, err)
	}
	for i := 1; i < len(n.Limits); i++ {
		if n.Limits[i].Part() > n.Limits[i-1].Part() {
			t.Errorf("not the fullest first: %+v", n.Limits)
		}
	}
}

func TestSessionsAloneNeedPods(t *testing.T) {
	t.Parallel()
	n, err := For(Phase{Name: "silent", Sessions: 60_001, Guilds: 1000, PerSession: 2}, even(), Standard)
	if err != nil || n.GatewayPods != 6 || n.RouterPods != 9 || n.RedisMasters != 3 || n.Deliveries != 0 {
		t.Errorf("%+v, %v", n, err)
	}
}

// Each pod that is added follows the guilds, too.
func TestFollowingCanCostMoreThanPodsBring(t *testing.T) {
	t.Parallel()
	c := even()
	c["follow/gateway"] = 50
	p := Phase{Name: "loud", Sessions: 1e6, Messages: 1e5, Guilds: 100, PerSession: 2}
	n, err := For(p, c, Standard)
	if err != nil && !errors.Is(err, ErrDiverges) {
		t.Fatal(err)
	}
	cheap, err := For(p, even(), Standard)
	if err != nil {
		t.Fatal(err)
	}
	if n.GatewayPods <= 2*cheap.GatewayPods {
		t.Errorf("%d pods, and %d where following is free", n.GatewayPods, cheap.GatewayPods)
	}
}

func TestImpossiblePhasesAreRefused(t *testing.T) {
	t.Parallel()
	if n, err := For(Phase{Name: "none"}, even(), Standard); err == nil {
		t.Errorf("%+v", n)
	}
}

func TestCostsAreReadFromBenchmarks(t *testing.T) {
	t.Parallel()
	var lines strings.Builder
	lines.WriteString(`{"name":"fanout/json","ratio":3,"unit":"deliveries/CPU-s"}` + "\n")
	for _, name := range needed {
		unit := "ns of CPU"
		if strings.HasPrefix(name, "bytes/") || strings.HasPrefix(name, "memory/") {
			unit = "bytes"
		}
		lines.WriteString(`{"name":"cost/` + name + `","ratio":2.345,"unit":"` + unit + `","peer_value":8000}` + "\n")
	}
	c, delivery, err := Measured(strings.NewReader(lines.String()))
	if err != nil || delivery != 8000 || c["message/api"] != 2.345 || len(c) != len(needed) {
		t.Fatalf("%v, %v, %v", c, delivery, err)
	}
	var written bytes.Buffer
	if err := c.Write(&written); err != nil {
		t.Fatal(err)
	}
	read, err := ReadCosts(&written)
	if err != nil || read["message/api"] != 2.3 {
		t.Errorf("%v, %v", read, err)
	}
	if scaled := read.Times(10); scaled["message/api"] != 23 || scaled["bytes/message-wal"] != 2.3 {
		t.Errorf("%v", scaled)
	}
	for _, broken := range []string{"", "{", `{"name":"cost/message/api","ratio":1,"unit":"ns of CPU","peer_value":8000}`, `{"name":"fanout/json"}`} {
		if c, _, err := Measured(strings.NewReader(broken)); err == nil {
			t.Errorf("%q: %v", broken, c)
		}
	}
	if c, err := ReadCosts(strings.NewReader(`{"message/api":1}`)); err == nil {
		t.Errorf("%v", c)
	}
}

func TestRound(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]float64{0: 0, 0.01234: 0.012, 1.25: 1.3, 99.6: 100, 1234: 1200, 0.5: 0.5} {
		if got := round(x); math.Abs(got-want) > 1e-9 {
			t.Errorf("%v rounds to %v, not %v", x, got, want)
		}
	}
}
