package placement

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fourPods are two shards of two pods each.
var fourPods = Static{
	{Shard: 0, Name: "gateway-0-0", Addr: "127.0.0.1:7100"},
	{Shard: 0, Name: "gateway-0-1", Addr: "127.0.0.1:7101"},
	{Shard: 1, Name: "gateway-1-0", Addr: "127.0.0.1:7110"},
	{Shard: 1, Name: "gateway-1-1", Addr: "127.0.0.1:7111"},
}

func place(t *testing.T, table *Table, want Want, tried ...string) *Lease {
	t.Helper()
	lease, ok := table.Place(want, tried)
	if !ok {
		t.Fatalf("no place for %+v", want)
	}
	return lease
}

func TestShardStaysOnItsPodsAndSpreadsEvenly(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods, 1000)
	for range 100 {
		if lease := place(t, table, Want{Shard: 1}); lease.Pod.Shard != 1 {
			t.Fatalf("placed on %+v", lease.Pod)
		}
	}
	if a, b := table.Connections("gateway-1-0"), table.Connections("gateway-1-1"); a != 50 || b != 50 {
		t.Errorf("%d and %d connections on the shard's pods", a, b)
	}
}

func TestAnyShardGoesToTheLeastLoadedPodOfAll(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods, 1000)
	for range 10 {
		place(t, table, Want{Shard: 0})
	}
	for range 10 {
		if lease := place(t, table, Want{Shard: AnyShard}); lease.Pod.Shard != 1 {
			t.Fatalf("placed on %+v", lease.Pod)
		}
	}
}

func TestReleaseGivesThePlaceBackOnce(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods[:1], 2)
	first, second := place(t, table, Want{}), place(t, table, Want{})
	if _, ok := table.Place(Want{}, nil); ok {
		t.Fatal("the bound was not kept")
	}
	first.Release()
	first.Release()
	first.Failed()
	if got := table.Connections("gateway-0-0"); got != 1 {
		t.Fatalf("%d connections", got)
	}
	place(t, table, Want{}).Release()
	second.Release()
	if len(table.load) != 0 {
		t.Errorf("an idle pod's entry stays: %v", table.load)
	}
}

func TestFullShardOverflowsToOtherShards(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods, 1)
	shards := map[int]int{}
	for range 4 {
		shards[place(t, table, Want{Shard: 0}).Pod.Shard]++
	}
	if shards[0] != 2 || shards[1] != 2 {
		t.Errorf("placed %v", shards)
	}
	if _, ok := table.Place(Want{Shard: 0}, nil); ok {
		t.Error("placed over the bound")
	}
}

func TestSessionGoesToItsHolder(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods, 1000)
	want := Want{Shard: AnyShard, Pod: "gateway-1-1"}
	for range 5 {
		if lease := place(t, table, want); lease.Pod.Name != want.Pod {
			t.Fatalf("placed on %+v", lease.Pod)
		}
	}
	place(t, table, want).Failed()
	if lease := place(t, table, want); lease.Pod.Name == want.Pod || lease.Pod.Shard != 1 {
		t.Errorf("the holder does not answer: placed on %+v, not on another pod of its shard", lease.Pod)
	}
	if lease := place(t, table, want, want.Pod); lease.Pod.Name == want.Pod {
		t.Error("placed on a pod that was tried")
	}
	if lease := place(t, table, Want{Shard: 0, Pod: "gone-0"}); lease.Pod.Shard != 0 {
		t.Errorf("the holder is gone: placed on %+v", lease.Pod)
	}
}

func TestPodForResumesOnlyGetsItsOwnSessionsAlone(t *testing.T) {
	t.Parallel()
	pods := slices.Clone(fourPods)
	pods[2].ResumesOnly, pods[3].ResumesOnly = true, true // all of shard 1
	table := NewTable(pods, 1000)
	for range 10 {
		for _, want := range []Want{{Shard: 1}, {Shard: AnyShard}, {Shard: AnyShard, Pod: "gateway-0-1"}, {Shard: AnyShard, Pod: "gone-1"}} {
			if lease := place(t, table, want); lease.Pod.ResumesOnly {
				t.Fatalf("%+v placed on %+v", want, lease.Pod)
			}
		}
	}
	want := Want{Shard: AnyShard, Pod: "gateway-1-0"}
	if lease := place(t, table, want); lease.Pod.Name != want.Pod {
		t.Errorf("a session is not placed on its holder but on %+v", lease.Pod)
	}
	if lease := place(t, table, want, want.Pod); lease.Pod.ResumesOnly {
		t.Errorf("the holder does not answer: placed on %+v", lease.Pod)
	}
	if lease, ok := NewTable(pods[2:], 1000).Place(Want{Shard: 1}, nil); ok {
		t.Errorf("no pod takes new sessions, yet placed on %+v", lease.Pod)
	}
}

func TestPodThatDidNotAnswerIsLastForAShortTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		table := NewTable(fourPods, 1000)
		failed := place(t, table, Want{Shard: 0})
		failed.Failed()
		for range 10 {
			if lease := place(t, table, Want{Shard: 0}); lease.Pod == failed.Pod || lease.Pod.Shard != 0 {
				t.Fatalf("placed on %+v while %s is avoided", lease.Pod, failed.Pod.Name)
			}
		}
		other := place(t, table, Want{Shard: 0})
		other.Failed()
		if lease := place(t, table, Want{Shard: 0}); lease.Pod.Shard != 1 {
			t.Errorf("both pods of the shard are avoided, yet placed on %+v", lease.Pod)
		}
		rest := []string{"gateway-1-0", "gateway-1-1"}
		if lease := place(t, table, Want{Shard: 0}, rest...); lease.Pod.Shard != 0 {
			t.Errorf("an avoided pod is better than none; placed on %+v", lease.Pod)
		}
		time.Sleep(avoidFor)
		if lease := place(t, table, Want{Shard: 0}); lease.Pod != failed.Pod {
			t.Errorf("placed on %+v, but the least loaded is no longer avoided", lease.Pod)
		}
	})
}

func TestNoPods(t *testing.T) {
	t.Parallel()
	if lease, ok := NewTable(Static{}, 10).Place(Want{}, nil); ok {
		t.Errorf("placed on %+v", lease.Pod)
	}
}

func TestConcurrentPlacementsKeepTheBound(t *testing.T) {
	t.Parallel()
	table := NewTable(fourPods, 100)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 200 {
				lease, ok := table.Place(Want{Shard: i % 2}, nil)
				if ok && i%2 == 0 {
					lease.Release()
				}
			}
		})
	}
	wg.Wait()
	for _, pod := range fourPods {
		if n := table.Connections(pod.Name); n != 100 {
			t.Errorf("%s has %d connections after 800 that stay, want its bound", pod.Name, n)
		}
	}
}

func TestParseStatic(t *testing.T) {
	t.Parallel()
	got, err := ParseStatic([]string{"0/gateway-0-0@127.0.0.1:7101", "1/g@[::1]:1"}, 2)
	if err != nil || len(got) != 2 || got[0] != (Pod{Name: "gateway-0-0", Addr: "127.0.0.1:7101"}) || got[1] != (Pod{Shard: 1, Name: "g", Addr: "[::1]:1"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{
		"", "0", "0/a", "a@b:1", "x/a@b:1", "-1/a@b:1", "2/a@b:1", "0/@b:1", "0/A@c:1", "0/a@b", "0/a@:1",
		"0/a@b:http", "0/a@b:0", "0/a@b:70000",
	} {
		if got, err := ParseStatic([]string{"0/ok@h:1", "1/fine@h:1", bad}, 2); err == nil {
			t.Errorf("%q: got %+v", bad, got)
		}
	}
	for name, entries := range map[string][]string{
		"a name twice":    {"0/a@h:1", "1/a@h:2"},
		"a shard without": {"0/a@h:1"},
		"nothing":         nil,
	} {
		if _, err := ParseStatic(entries, 2); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzParsePod(f *testing.F) {
	f.Add("0/gateway-0-0@127.0.0.1:7101")
	f.Fuzz(func(t *testing.T, entry string) {
		pod, err := parsePod(entry)
		if err != nil {
			return
		}
		again, err := parsePod(fmt.Sprintf("%d/%s@%s", pod.Shard, pod.Name, pod.Addr))
		if err != nil || again != pod {
			t.Errorf("%q: %+v, then %+v, %v", entry, pod, again, err)
		}
	})
}
