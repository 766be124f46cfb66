package main

import (
	"bytes"
	"strings"
	"testing"

	"guildhall.chat/guildhall/hack/load/rows"
)

const output = `goos: linux
BenchmarkOurs/fast-path-2   	 100	  20 ns/op	 7 wire-B/op
BenchmarkPeer-2             	 100	  40 ns/op	 7 wire-B/op
BenchmarkOurs/fast-path-2   	 100	  10 ns/op	 7 wire-B/op
BenchmarkOurs/fast-path-2   	 100	 900 ns/op	 7 wire-B/op
some line of the program
PASS
`

func TestRatioOfMedians(t *testing.T) {
	t.Parallel()
	measured, err := parse(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	got, err := comparison{What: "speed", Ours: "Ours/fast-path", Peer: "Peer", Unit: "ns/op"}.judge(measured)
	if err != nil || got.Ours != 20 || got.PeerHas != 40 || got.Ratio != 0.5 {
		t.Errorf("%+v, %v", got, err)
	}
	var table bytes.Buffer
	if err := printTable(&table, []rows.Result{got}); err != nil || !strings.Contains(table.String(), "0.500") {
		t.Errorf("%s, %v", &table, err)
	}
}

func TestMissingMeasurementIsAnError(t *testing.T) {
	t.Parallel()
	measured, err := parse(strings.NewReader(output))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []comparison{
		{Ours: "Gone", Peer: "Peer", Unit: "ns/op"},
		{Ours: "Ours/fast-path", Peer: "Peer", Unit: "furlongs"},
	} {
		if got, err := c.judge(measured); err == nil {
			t.Errorf("%+v judged as %v", c, got)
		}
	}
}
