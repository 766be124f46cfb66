package rules

import (
	"testing"
	"time"
)

func TestRange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scale Scale
		time  time.Duration
		want  string
	}{
		{Production, 5 * time.Minute, "5m"},
		{Production, 24 * time.Hour, "1d"},
		{Production, 90 * time.Minute, "90m"},
		{1.0 / 20, 5 * time.Minute, "15s"},
		{1.0 / 20, 30 * time.Second, "1500ms"},
	} {
		if got := c.scale.Range(c.time); got != c.want {
			t.Errorf("%v at scale %v is %s, want %s", c.time, c.scale, got, c.want)
		}
	}
}

// What is measured every few seconds would always be above a bound of one.
func TestBoundsStayWhatCanBeMeasured(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		scale Scale
		time  time.Duration
		want  float64
	}{
		{Production, 30 * time.Second, 30},
		{Production, time.Second, 1},
		{1.0 / 20, 10 * time.Minute, 30},
		{1.0 / 20, 30 * time.Second, 10},
		{1.0 / 20, time.Second, 1},
	} {
		if got := c.scale.Seconds(c.time); got != c.want {
			t.Errorf("%v at scale %v is a bound of %v, want %v", c.time, c.scale, got, c.want)
		}
	}
}

// A scale changes times alone: names and bounds that are no times stay.
func TestScaleKeepsNames(t *testing.T) {
	t.Parallel()
	scaled := Alerts(1.0 / 20)
	for i, alert := range Alerts(Production) {
		if alert.Name != scaled[i].Name || alert.For < scaled[i].For {
			t.Errorf("%s, held for %v, is %s, held for %v, when scaled", alert.Name, alert.For, scaled[i].Name, scaled[i].For)
		}
	}
}
