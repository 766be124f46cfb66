package metrics

import "github.com/prometheus/client_golang/prometheus"

var lookups = NewCounters("guildhall_cache_lookups_total",
	"Times that something was looked for in memory, by cache and by whether it was there and still good: hit, miss.", "cache", "result")

// Cache counts how often a cache is of use.
type Cache struct{ hit, miss prometheus.Counter }

// NewCache returns the counters of a cache of this process.
func NewCache(name string) *Cache {
	return &Cache{lookups.WithLabelValues(name, "hit"), lookups.WithLabelValues(name, "miss")}
}

// Found counts a lookup and returns its result.
func (c *Cache) Found(there bool) bool {
	if there {
		c.hit.Inc()
	} else {
		c.miss.Inc()
	}
	return there
}
