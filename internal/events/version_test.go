package events_test

import (
	"testing"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func (w *world) version(log snowflake.ID) (events.Version, bool) {
	w.t.Helper()
	pipe := w.rdb.Pipeline()
	pending := events.QueueVersion(w.t.Context(), pipe, log)
	_, _ = pipe.Exec(w.t.Context())
	return pending.Result()
}

func (w *world) emitFlagged(log snowflake.ID, structure, membership bool) {
	w.t.Helper()
	err := w.store.Change(w.t.Context(), func(tx *store.Tx) error {
		return tx.Emit(log, events.Header{Type: "TEST", Structure: structure, Membership: membership}, nil)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func TestVersionIsKnownBeforeTheChangeIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	if _, ok := w.version(log); ok {
		t.Error("a log without events has a version")
	}
	w.emitFlagged(log, true, false)
	if _, ok := w.version(log); ok {
		t.Error("known although only one half was ever told")
	}
	w.emitFlagged(log, false, true)
	w.emit(log, 1)
	w.emitFlagged(log, true, false)
	want := events.Version{Structure: 4, Members: 2, Last: 4}
	if got, ok := w.version(log); !ok || got != want {
		t.Errorf("%+v, %t; want %+v", got, ok, want)
	}
	want.Last = 0 // is not asked
	if got, err := w.store.GuildVersion(t.Context(), log); err != nil || got != want {
		t.Errorf("Postgres says %+v, %v", got, err)
	}
}

func TestRememberedVersionNeverFalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	for _, v := range []events.Version{{Structure: 5, Members: 7}, {Structure: 4, Members: 9}, {}} {
		if err := w.pub.RememberVersion(t.Context(), log, v); err != nil {
			t.Fatal(err)
		}
	}
	if got, ok := w.version(log); !ok || got != (events.Version{Structure: 5, Members: 9}) {
		t.Errorf("%+v, %t", got, ok)
	}
	// A log of which only the version is known takes its first event whatever its seq.
	_, got := w.open(w.feeds(w.store), log, 0)
	w.emit(log, 1)
	got.reaches(t, 1)
}
