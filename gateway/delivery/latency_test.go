package delivery

import (
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// observations returns how many latencies were observed.
func observations(t *testing.T) uint64 {
	t.Helper()
	var m dto.Metric
	if err := latency.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetHistogram().GetSampleCount()
}

// A delivery is sent when all that waited with it have had their turn, and not before.
func TestLatencyIsThatOfTheLastReceiver(t *testing.T) {
	var u unwritten
	at := time.Now().UnixMilli()
	before := observations(t)
	expect := func(n uint64) {
		t.Helper()
		if got := observations(t) - before; got != n {
			t.Errorf("%d observed, want %d", got, n)
		}
	}
	u.queued(&Delivery{At: at}, 1, 40)
	u.queued(&Delivery{}, 1, 40) // has no time of its own
	u.queued(&Delivery{At: at}, 1, 50)
	u.sent(32)
	expect(0)
	u.sent(8)
	expect(1)
	u.queued(&Delivery{At: at}, 1, 60) // 10 of before wait still
	u.sent(10)
	expect(2)
	u.sent(50)
	expect(3)
	if len(u.waiting) != 0 {
		t.Errorf("%d are still waited for", len(u.waiting))
	}
}
