package metrics

import "github.com/prometheus/client_golang/prometheus"

// Latency are the bounds of histograms of durations, in seconds. A service level objective is set at one of them, so that what
// keeps it is counted exactly.
var Latency = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// NewCounter declares a counter.
func (r *Registry) NewCounter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.add(Definition{Name: name, Kind: Counter, Help: help}, c)
	return c
}

// NewCounters declares a counter with labels.
func (r *Registry) NewCounters(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.add(Definition{Name: name, Kind: Counter, Labels: labels, Help: help}, c)
	return c
}

// NewGauge declares a gauge.
func (r *Registry) NewGauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.add(Definition{Name: name, Kind: Gauge, Help: help}, g)
	return g
}

// NewGauges declares a gauge with labels. With none, it is one that is there from the first Set until the next Reset.
func (r *Registry) NewGauges(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.add(Definition{Name: name, Kind: Gauge, Labels: labels, Help: help}, g)
	return g
}

// NewHistogram declares a histogram.
func (r *Registry) NewHistogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	r.add(Definition{Name: name, Kind: Histogram, Help: help}, h)
	return h
}

// NewHistograms declares a histogram with labels.
func (r *Registry) NewHistograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	r.add(Definition{Name: name, Kind: Histogram, Labels: labels, Help: help}, h)
	return h
}

// NewCounter declares a counter of this process.
func NewCounter(name, help string) prometheus.Counter { return Default.NewCounter(name, help) }

// NewCounters declares a counter of this process, with labels.
func NewCounters(name, help string, labels ...string) *prometheus.CounterVec {
	return Default.NewCounters(name, help, labels...)
}

// NewGauge declares a gauge of this process.
func NewGauge(name, help string) prometheus.Gauge { return Default.NewGauge(name, help) }

// NewGauges declares a gauge of this process, with labels; see Registry.NewGauges.
func NewGauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return Default.NewGauges(name, help, labels...)
}

// NewHistogram declares a histogram of this process.
func NewHistogram(name, help string, buckets []float64) prometheus.Histogram {
	return Default.NewHistogram(name, help, buckets)
}

// NewHistograms declares a histogram of this process, with labels.
func NewHistograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return Default.NewHistograms(name, help, buckets, labels...)
}
