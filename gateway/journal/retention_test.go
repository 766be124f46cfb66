package journal

import (
	"testing"
	"time"
)

func TestRetention(t *testing.T) {
	t.Parallel()
	const window = time.Minute
	tests := map[string]struct {
		retention
		every          time.Duration // between batches
		entries, bytes int           // of a batch
		least, most    int64         // batches kept in the long run
	}{
		"by time":    {retention{window: window, maxEntries: 1e9, maxBytes: 1e9}, 100 * time.Millisecond, 3, 100, 600, 620},
		"by entries": {retention{window: window, maxEntries: 1000, maxBytes: 1e9}, time.Millisecond, 3, 100, 310, 334},
		"by bytes":   {retention{window: window, maxEntries: 1e9, maxBytes: 100_000}, time.Millisecond, 3, 100, 980, 1001},
	}
	for name, tt := range tests {
		now := time.Unix(1_700_000_000, 0)
		for position := int64(1); position <= 5000; position++ {
			tt.add(now, position, tt.entries, tt.bytes)
			if len(tt.marks) > 3*samples {
				t.Fatalf("%s: %d marks", name, len(tt.marks))
			}
			if kept := position - tt.floor; kept > tt.most || position > tt.most && kept < tt.least {
				t.Fatalf("%s: %d batches kept after %d", name, kept, position)
			}
			now = now.Add(tt.every)
		}
	}
}

func TestRing(t *testing.T) {
	t.Parallel()
	r := ring{maxBytes: 10 * batch{payload: make([]byte, 10)}.size()}
	for i := range int64(100) {
		r.add(batch{prev: 10 * i, last: 10 * (i + 1), payload: make([]byte, 10)})
	}
	if got, ok := r.after(950); !ok || len(got) != 5 || got[0].last != 960 {
		t.Errorf("after 950: %v, %v", got, ok)
	}
	if got, ok := r.after(900); !ok || len(got) != 10 {
		t.Errorf("after 900: %d batches, %v", len(got), ok)
	}
	for _, gone := range []int64{0, 890, 955, 1000} {
		if _, ok := r.after(gone); ok {
			t.Errorf("has what follows %d", gone)
		}
	}
}
