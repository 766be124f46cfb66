package metrics

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Kind is what Prometheus calls the type of a metric.
type Kind string

// The kinds.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

// Definition is a metric that was declared.
type Definition struct {
	Name    string
	Kind    Kind
	Labels  []string
	Help    string
	Package string // import path of the package that declared it
}

// Registry holds declared metrics, of a process or of a test. Safe for concurrent use. A declaration that contradicts another
// one, or itself, panics: it is a mistake in the program.
type Registry struct {
	registry *prometheus.Registry

	mu      sync.Mutex
	defined []declared
}

type declared struct {
	Definition
	collector prometheus.Collector
}

// New returns an empty registry.
func New() *Registry { return &Registry{registry: prometheus.NewRegistry()} }

// Default is the registry of this process. Besides what is declared it has the Go and the process collector's metrics.
var Default = func() *Registry {
	r := New()
	r.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return r
}()

// Gatherer returns what /metrics serves.
func (r *Registry) Gatherer() prometheus.Gatherer { return r.registry }

// Registerer takes collectors of libraries, which are documented by them.
func (r *Registry) Registerer() prometheus.Registerer { return r.registry }

// Definitions returns what was declared and not withheld, by name.
func (r *Registry) Definitions() []Definition {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]Definition, len(r.defined))
	for i, d := range r.defined {
		list[i] = d.Definition
	}
	slices.SortFunc(list, func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

// Withhold takes the metrics of packages out, for a process whose binary has packages that only another process uses: it would
// show zeros that mean nothing.
func (r *Registry) Withhold(packages ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.defined = slices.DeleteFunc(r.defined, func(d declared) bool {
		unused := slices.Contains(packages, d.Package)
		if unused {
			r.registry.Unregister(d.collector)
		}
		return unused
	})
}

// add registers a collector and keeps its definition; see caller.
func (r *Registry) add(d Definition, c prometheus.Collector) {
	d.Package = caller()
	r.registry.MustRegister(c)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.defined = append(r.defined, declared{d, c})
}

// caller returns the import path of the package outside of this one that is declaring.
func caller() string {
	var frames [16]uintptr
	n := runtime.Callers(2, frames[:])
	next := runtime.CallersFrames(frames[:n])
	own := ""
	for {
		frame, more := next.Next()
		at := packageOf(frame.Function)
		switch {
		case own == "":
			own = at
		case at != own:
			return at
		}
		if !more {
			return ""
		}
	}
}

// packageOf cuts "path/of/package.Type.method" after the package.
func packageOf(function string) string {
	dir := strings.LastIndexByte(function, '/') + 1
	name, _, _ := strings.Cut(function[dir:], ".")
	return function[:dir] + name
}
