package snowflake

import (
	"fmt"
	"sync/atomic"
	"time"
)

// MaxWorker is the highest worker number a Generator takes.
const MaxWorker = 1<<workerBits - 1

// Generator makes ids that rise and never repeat, as long as no two running processes share a worker number. Safe for
// concurrent use.
type Generator struct {
	worker ID
	now    func() time.Time
	last   atomic.Uint64 // milliseconds since Epoch and sequence, side by side
}

// NewGenerator returns the generator of a worker, 0 to MaxWorker; it panics on a higher number, which is a mistake in
// the program.
func NewGenerator(worker uint16) *Generator {
	if worker > MaxWorker {
		panic(fmt.Sprintf("snowflake: worker %d is above %d", worker, MaxWorker))
	}
	return &Generator{worker: ID(worker), now: time.Now}
}

// Next returns an id higher than all before. A millisecond has 4096; Next waits for the next one when they are used up.
// When the clock goes back, ids go on from where they were, ahead of it.
func (g *Generator) Next() ID {
	for {
		now := uint64(max(g.now().UnixMilli(), Epoch) - Epoch)
		last := g.last.Load()
		next := max(now<<sequenceBits, last+1)
		if usedUp := next>>sequenceBits > now && last>>sequenceBits == now; usedUp {
			time.Sleep(50 * time.Microsecond)
			continue
		}
		if g.last.CompareAndSwap(last, next) {
			const sequence = 1<<sequenceBits - 1
			return ID(next>>sequenceBits<<timeShift) | g.worker<<sequenceBits | ID(next&sequence)
		}
	}
}
