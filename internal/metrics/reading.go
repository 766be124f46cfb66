package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Reading is a metric that is read when it is scraped. It has no value until something is to be read; see From.
type Reading struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read atomic.Pointer[reader]
}

type reader struct{ read func(tell Tell) }

// Tell takes a value, with the values of the labels in the order of the declaration.
type Tell func(value float64, labels ...string)

// NewReading declares a gauge or a counter that is read when it is scraped.
func (r *Registry) NewReading(kind Kind, name, help string, labels ...string) *Reading {
	m := &Reading{desc: prometheus.NewDesc(name, help, labels, nil), kind: prometheus.GaugeValue}
	if kind == Counter {
		m.kind = prometheus.CounterValue
	}
	r.add(Definition{Name: name, Kind: kind, Labels: labels, Help: help}, m)
	return m
}

// NewReading declares a gauge or a counter of this process that is read when it is scraped.
func NewReading(kind Kind, name, help string, labels ...string) *Reading {
	return Default.NewReading(kind, name, help, labels...)
}

// From says how it is read, in place of what was said before, until end is called. read must not block for long, and may be
// called from any goroutine.
func (m *Reading) From(read func(tell Tell)) (end func()) {
	now := &reader{read}
	m.read.Store(now)
	return func() { m.read.CompareAndSwap(now, nil) }
}

// Describe implements prometheus.Collector.
func (m *Reading) Describe(to chan<- *prometheus.Desc) { to <- m.desc }

// Collect implements prometheus.Collector.
func (m *Reading) Collect(to chan<- prometheus.Metric) {
	if r := m.read.Load(); r != nil {
		r.read(func(value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
		})
	}
}
