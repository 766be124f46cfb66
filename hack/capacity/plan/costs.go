package plan

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Costs are the rows cost/... of the benchmarks by their names without the prefix: CPU as a multiple of a bare delivery, and bytes.
type Costs map[string]float64

// prefix is what the names of the rows begin with.
const prefix = "cost/"

// needed are the costs that plans are made of.
var needed = []string{
	"delivery/gateway", "delivery/router", "batched/gateway", "batched/router",
	"message/api", "message/postgres", "message/redis", "message/worker",
	"read/api", "read/postgres", "read/redis", "history/api", "history/postgres", "history/redis",
	"follow/gateway", "follow/redis",
	"identify/gateway", "identify/router", "identify/postgres", "identify/redis",
	"minute/gateway", "minute/router", "minute/postgres", "minute/redis",
	"memory/gateway", "memory/router",
	"bytes/delivery-json", "bytes/delivery-zlib-stream", "bytes/message-wal", "bytes/message-stored", "bytes/message-outbox",
	"bytes/message-redis", "bytes/follow-redis",
}

// ReadCosts reads costs as Costs.Write wrote them.
func ReadCosts(r io.Reader) (Costs, error) {
	var c Costs
	if err := json.NewDecoder(r).Decode(&c); err != nil {
		return nil, fmt.Errorf("costs: %w", err)
	}
	return c, c.check()
}

// Measured reads the costs from the JSON lines of the benchmarks, and the nanoseconds of CPU that a bare delivery took there.
func Measured(lines io.Reader) (c Costs, delivery float64, err error) {
	c = Costs{}
	scanner := bufio.NewScanner(lines)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var row struct {
			Name  string  `json:"name"`
			Unit  string  `json:"unit"`
			Ratio float64 `json:"ratio"`
			Peer  float64 `json:"peer_value"`
		}
		if err := json.Unmarshal(scanner.Bytes(), &row); err != nil {
			return nil, 0, fmt.Errorf("benchmarks: %w", err)
		}
		name, found := strings.CutPrefix(row.Name, prefix)
		if !found {
			continue
		}
		c[name] = row.Ratio
		if row.Unit != "bytes" {
			delivery = row.Peer
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, 0, fmt.Errorf("benchmarks: %w", err)
	}
	if !(delivery > 0) {
		return nil, 0, fmt.Errorf("benchmarks: no rows %s...: BENCH=cost make bench makes them", prefix)
	}
	return c, delivery, c.check()
}

// Write writes the costs with two digits: more would only differ from one run to the next.
func (c Costs) Write(w io.Writer) error {
	rounded := Costs{}
	for _, name := range needed {
		rounded[name] = round(c[name])
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(rounded)
}

func (c Costs) check() error {
	for _, name := range needed {
		if value, found := c[name]; !found || value < 0 {
			return fmt.Errorf("costs: no %s; there are %v", name, slices.Sorted(maps.Keys(c)))
		}
	}
	return nil
}

// Times returns the costs in CPU in another unit.
func (c Costs) Times(factor float64) Costs {
	other := Costs{}
	for name, value := range c {
		if !strings.HasPrefix(name, "bytes/") && !strings.HasPrefix(name, "memory/") {
			value *= factor
		}
		other[name] = value
	}
	return other
}
