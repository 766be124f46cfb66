package events_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"guildhall.chat/guildhall/internal/events"
)

func TestConcurrentChangesArriveDenseAndInTheOrderOfTheOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(w.store), log, 0)
	const writers, each = 16, 20
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() {
			for j := range each {
				w.emit(log, i*each+j)
			}
		})
	}
	all.Wait()
	got.reaches(t, writers*each)
	var stored []int
	for i, e := range w.outbox(log) {
		if e.Seq != int64(i+1) {
			t.Fatalf("outbox has seq %d at place %d", e.Seq, i)
		}
		n, _ := strconv.Atoi(string(e.Data))
		stored = append(stored, n)
	}
	if !slices.Equal(stored, got.numbers()) {
		t.Error("the feed's order is not the outbox's")
	}
}

func TestWhatIsPublishedTwiceArrivesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 1, 2, 3)
	evs := w.outbox(log)
	w.pub.Publish(t.Context(), evs)
	w.pub.Publish(t.Context(), evs[1:2])
	w.emit(log, 4)
	got.reaches(t, 4)
	if n := w.rdb.XLen(t.Context(), "log:{"+log.String()+"}").Val(); n != 4 {
		t.Errorf("the log has %d entries", n)
	}
}

func TestPublisherSendsMissingEventsFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 1)
	w.quietly(func() { w.emit(log, 2, 3); w.emit(log, 4) })
	w.emit(log, 5)
	got.reaches(t, 5)
}

func TestPublishersInAnyOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(w.store), log, 0)
	const n = 300
	w.quietly(func() {
		for i := range n {
			w.emit(log, i)
		}
	})
	evs := w.outbox(log)
	var all sync.WaitGroup
	for worker := range 6 {
		all.Go(func() {
			for start := worker * 7 % 13; start < n; start += 13 {
				w.pub.Publish(t.Context(), evs[start:min(start+1+start%17, n)])
			}
		})
	}
	all.Wait()
	w.pub.Publish(t.Context(), evs[n-1:])
	got.reaches(t, n)
}

func TestFeedBuffersUntilItStarts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	w.emit(log, 1, 2)
	f, err := w.feeds(noSource{}).Open(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	w.emit(log, 3)
	w.emit(log, 4)
	// The snapshot was loaded after 3: what it contains does not come again.
	got := newRecorder(3)
	f.Start(3, got)
	w.emit(log, 5)
	got.reaches(t, 5)
}

func TestFeedFillsAHoleFromTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	numbers := make([]int, 450) // more than one read
	w.emit(log, numbers...)
	_, got := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 1)
	got.reaches(t, 451)
}

func TestFeedFillsAHoleFromTheOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(w.store), log, 0)
	w.quietly(func() { w.emit(log, make([]int, 450)...) })
	// Redis knows nothing of the log yet, so that it begins with this one.
	w.emit(log, 1)
	got.reaches(t, 451)
}

func TestEphemeralEventsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 1)
	e, err := events.New(log, events.Header{Type: "TYPING_START"}, "data")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.pub.Ephemeral(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	w.emit(log, 2)
	got.reaches(t, 2)
	got.until(t, "the ephemeral event", func() bool { return got.ephemeral == 1 })
	_, late := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 3)
	late.reaches(t, 3)
	if late.ephemeral != 0 {
		t.Error("an ephemeral event was replayed")
	}
}

func TestSlowHandlerLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	f, err := w.feeds(w.store).Open(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	got := newRecorder(0)
	got.hold = make(chan struct{})
	f.Start(0, got)
	// More than the feed queues, and more than Redis keeps of a log.
	const n = 12_000
	for range n / 1000 {
		w.emit(log, make([]int, 1000)...)
	}
	close(got.hold)
	w.emit(log, 1)
	got.reaches(t, n+1)
}

func TestFeedIsLostWhenItsEventsAreGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	whole, behind, empty := w.newLog(), w.newLog(), w.newLog()
	fs := w.feeds(w.store)
	_, gotWhole := w.open(fs, whole, 0)
	w.emit(whole, 1)
	gotWhole.reaches(t, 1)
	_, gotBehind := w.open(fs, behind, 0)
	w.quietly(func() { w.emit(behind, 1, 2) })
	emptyFeed, err := fs.Open(t.Context(), empty)
	if err != nil {
		t.Fatal(err)
	}
	w.quietly(func() { w.emit(empty, 1, 2) })
	w.emit(empty, 3)

	w.dropOutbox()
	// The outbox has what comes, but not what came before.
	w.emit(behind, 3)
	gotBehind.until(t, "Lost", func() bool { return gotBehind.lost })
	// Not even the event itself is in the outbox any more.
	gotEmpty := newRecorder(0)
	emptyFeed.Start(0, gotEmpty)
	gotEmpty.until(t, "Lost", func() bool { return gotEmpty.lost })

	w.emit(whole, 2)
	gotWhole.reaches(t, 2)
	if gotWhole.isLost() {
		t.Error("a feed that had everything is lost too")
	}
	// The log can be opened again, from a new snapshot.
	_, again := w.open(fs, behind, 3)
	w.emit(behind, 4)
	again.reaches(t, 4)
}

func TestALogIsOpenOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	fs := w.feeds(w.store)
	f, _ := w.open(fs, log, 0)
	if _, err := fs.Open(t.Context(), log); err == nil {
		t.Error("opened twice")
	}
	f.Close()
	f.Close()
	_, got := w.open(fs, log, 0)
	w.emit(log, 1)
	got.reaches(t, 1)
	fs.Close()
	if _, err := fs.Open(t.Context(), log); err == nil {
		t.Error("opened after Close")
	}
}

func TestClosedFeedUnsubscribes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	f, _ := w.open(w.feeds(w.store), log, 0)
	if n := w.numSub(log); n != 1 {
		t.Fatalf("%d subscriptions", n)
	}
	f.Close()
	w.eventually("no subscription", func() bool { return w.numSub(log) == 0 })
}

// A feed that is opened while its predecessor's unsubscription is on the way stays subscribed.
func TestReopenedFeedStaysSubscribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	fs := w.feeds(w.store)
	for range 60 {
		f, err := fs.Open(t.Context(), log)
		if err != nil {
			t.Fatal(err)
		}
		var closing sync.WaitGroup
		closing.Go(f.Close)
		var again *events.Feed
		w.eventually("open again", func() bool {
			again, err = fs.Open(t.Context(), log)
			return err == nil
		})
		closing.Wait()
		w.eventually("a subscription", func() bool { return w.numSub(log) == 1 })
		again.Close()
	}
}
