package redistest

import (
	"fmt"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSharedClusterServesEverySlot(t *testing.T) {
	t.Parallel()
	client := Client(t)
	for i := range 100 {
		key := fmt.Sprintf("%s:%d", t.Name(), i)
		if err := client.Set(t.Context(), key, i, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		if got, err := client.Get(t.Context(), key).Int(); err != nil || got != i {
			t.Fatalf("%s: %d, %v", key, got, err)
		}
	}
	again, _ := Cluster(t)
	if first := client.Options().Addrs; fmt.Sprint(first) != fmt.Sprint(again) {
		t.Errorf("two clusters: %v and %v", first, again)
	}
}

func TestKilledMasterComesBackWithItsData(t *testing.T) {
	t.Parallel()
	instance := New(t)
	client := instance.Client(t)
	const keys = 30 // so that each master has some
	for i := range keys {
		if err := client.Set(t.Context(), fmt.Sprint(i), i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for master := range instance.Addrs() {
		instance.Kill(t, master)
	}
	if err := client.Get(t.Context(), "0").Err(); err == nil {
		t.Error("all masters are dead, yet one answers")
	}
	for master := range instance.Addrs() {
		instance.Restart(t, master)
	}
	for i := range keys {
		if got, err := client.Get(t.Context(), fmt.Sprint(i)).Int(); err != nil || got != i {
			t.Errorf("key %d: %d, %v", i, got, err)
		}
	}
}
