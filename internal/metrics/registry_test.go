package metrics_test

import (
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/metrics"
)

// values returns the metrics of a registry and how many series each has.
func values(t *testing.T, r *metrics.Registry) map[string]int {
	t.Helper()
	families, err := r.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]int{}
	for _, f := range families {
		series[f.GetName()] = len(f.GetMetric())
	}
	return series
}

func TestReadingIsThereWhileThereIsSomethingToRead(t *testing.T) {
	t.Parallel()
	r := metrics.New()
	m := r.NewReading(metrics.Gauge, "guildhall_things", "Things.", "state")
	if got := values(t, r); len(got) != 0 {
		t.Errorf("before: %v", got)
	}
	endFirst := m.From(func(tell metrics.Tell) { tell(1, "idle") })
	endSecond := m.From(func(tell metrics.Tell) { tell(1, "idle"); tell(2, "used") })
	endFirst() // is not read any more, so this ends nothing
	if got := values(t, r); got["guildhall_things"] != 2 {
		t.Errorf("while: %v", got)
	}
	endSecond()
	if got := values(t, r); len(got) != 0 {
		t.Errorf("after: %v", got)
	}
}

func TestWithheldMetricsAreNeitherServedNorDefined(t *testing.T) {
	t.Parallel()
	r := metrics.New()
	r.NewCounter("guildhall_things_total", "Things.").Inc()
	own := r.Definitions()[0].Package
	if want := "guildhall.chat/guildhall/internal/metrics_test"; own != want {
		t.Errorf("declared by %q, not %q", own, want)
	}
	r.Withhold("some/other")
	if values(t, r)["guildhall_things_total"] != 1 {
		t.Error("another package's is withheld")
	}
	r.Withhold(own)
	if len(values(t, r)) != 0 || slices.ContainsFunc(r.Definitions(), func(metrics.Definition) bool { return true }) {
		t.Error("it is still there")
	}
}

func TestCacheCountsHitsAndMisses(t *testing.T) {
	t.Parallel()
	c := metrics.NewCache("of this test")
	if !c.Found(true) || c.Found(false) {
		t.Error("Found does not return what it is told")
	}
}
