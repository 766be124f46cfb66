package rows

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/hack/capacity/plan"
	"guildhall.chat/guildhall/hack/load/rig"
)

// lines hands progress to the test's log.
type lines struct{ t *testing.T }

func (l lines) Write(p []byte) (int, error) {
	l.t.Logf("%s", p)
	return len(p), nil
}

// A few sessions through everything: real services, clients, routers and peers, every delivery verified.
func TestLoadSmoke(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	r, err := rig.New(ctx, "../../..", "", lines{t})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	results, err := Run(ctx, r, Options{Only: []string{"fanout/zlib-stream/1000", "latency", "storm", "rest", "cost"}, Rounds: 1, Divide: 100})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var costs bytes.Buffer
	lines := json.NewEncoder(&costs)
	for _, result := range results {
		if strings.HasPrefix(result.Name, "cost/") {
			if err := lines.Encode(result); err != nil || result.What == "" {
				t.Errorf("%+v, %v", result, err)
			}
			continue
		}
		names = append(names, result.Name)
		if !(result.Ratio >= 0) {
			t.Errorf("%+v", result)
		}
	}
	want := []string{
		"fanout/zlib-stream/1000/paced/gateway", "fanout/zlib-stream/1000/paced/router",
		"fanout/zlib-stream/1000/saturated/gateway", "fanout/zlib-stream/1000/saturated/router", "latency/1000", "storm/10000/time",
		"rest/read", "rest/post", "rest/history", "rest/history/read", "rest/history/post",
	}
	if !slices.Equal(names, want) {
		t.Errorf("%v", names)
	}
	if _, _, err := plan.Measured(&costs); err != nil {
		t.Errorf("capacity can't be planned from the costs: %v", err)
	}
}

func TestSelection(t *testing.T) {
	t.Parallel()
	o := Options{Only: []string{"fanout/json/1000", "memory"}}
	for prefix, want := range map[string]bool{
		"fanout": true, "fanout/json/1000": true, "fanout/json/1000/paced/router": true, "memory": true, "memory/50000": true,
		"fanout/zlib-stream/1000": false, "hold": false,
	} {
		if o.Wants(prefix) != want {
			t.Errorf("%s: %v", prefix, !want)
		}
	}
	if !o.Selects() || (Options{Only: []string{"go/"}}).Selects() || !(Options{}).Wants("anything") {
		t.Error("what is not named is selected, or the reverse")
	}
}

func TestMediansAndQuantiles(t *testing.T) {
	t.Parallel()
	values := []float64{5, 1, 9, 3, 7}
	if m := median(values); m != 5 {
		t.Errorf("median %v", m)
	}
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = float64(100 - i)
	}
	if q := quantile(hundred, 0.99); q != 100 {
		t.Errorf("p99 %v", q)
	}
	row := deliveriesRow("n", "p", ">= 1", []cost{{perDelivery: 100}, {perDelivery: 200}, {perDelivery: 400}}, []cost{{perDelivery: 200}, {perDelivery: 100}, {perDelivery: 400}})
	if row.Ratio != 1 || row.Ours != 5e6 || !slices.Equal(row.Rounds, []float64{2, 0.5, 1}) {
		t.Errorf("%+v", row)
	}
}
