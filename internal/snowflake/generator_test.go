package snowflake

import (
	"slices"
	"sync"
	"testing"
	"time"
)

func TestGeneratorNeverRepeats(t *testing.T) {
	t.Parallel()
	g := NewGenerator(777)
	const goroutines, each = 8, 10_000 // more than one millisecond has
	made := make([][]ID, goroutines)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for range each {
				made[i] = append(made[i], g.Next())
			}
		})
	}
	wg.Wait()
	for i, ids := range made {
		if !slices.IsSorted(ids) {
			t.Errorf("goroutine %d saw ids go down", i)
		}
	}
	all := slices.Concat(made...)
	slices.Sort(all)
	if distinct := len(slices.Compact(slices.Clone(all))); distinct != goroutines*each {
		t.Errorf("%d distinct ids of %d", distinct, goroutines*each)
	}
	for _, id := range all {
		if worker := id >> sequenceBits & MaxWorker; worker != 777 {
			t.Fatalf("%d carries worker %d", id, worker)
		}
	}
	if last := all[len(all)-1].Time(); time.Until(last) > 0 {
		t.Errorf("ids run ahead of the clock, to %v", last)
	}
}

func TestGeneratorWaitsWhenAMillisecondIsUsedUp(t *testing.T) {
	t.Parallel()
	start := time.UnixMilli(Epoch + 1000)
	g := NewGenerator(0)
	asked := 0
	g.now = func() time.Time { // stands still until the 4097th id has been asked for three times
		if asked++; asked > 4096+3 {
			return start.Add(time.Millisecond)
		}
		return start
	}
	for i := range 4096 {
		if id := g.Next(); id != FromTime(start)|ID(i) {
			t.Fatalf("id %d is %d", i, id)
		}
	}
	if id := g.Next(); id != FromTime(start.Add(time.Millisecond)) {
		t.Errorf("after a full millisecond: %v", id.Time())
	}
}

func TestGeneratorRisesWhenTheClockGoesBack(t *testing.T) {
	t.Parallel()
	g := NewGenerator(MaxWorker)
	clock := time.UnixMilli(Epoch + 1_000_000)
	g.now = func() time.Time { return clock }
	last := g.Next()
	clock = clock.Add(-time.Minute)
	for range 10_000 {
		id := g.Next()
		if id <= last {
			t.Fatalf("%d after %d", id, last)
		}
		last = id
	}
	clock = clock.Add(2 * time.Minute)
	if id := g.Next(); id <= last || !id.Time().Equal(clock) {
		t.Errorf("doesn't follow the clock again: %v at %v", id.Time(), clock)
	}
}

func TestGeneratorRefusesAWorkerOutOfRange(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("worker 1024 was accepted")
		}
	}()
	NewGenerator(MaxWorker + 1)
}

func BenchmarkNext(b *testing.B) {
	g := NewGenerator(1)
	b.ReportAllocs()
	for b.Loop() {
		g.Next()
	}
}
