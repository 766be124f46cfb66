package journal

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

var sessionIDs = snowflake.NewGenerator(3)

// newSession returns an id that no other test has.
func newSession() string { return "gateway-0-0." + sessionIDs.Next().String() + ".mac" }

func record(owner Process) Record {
	return Record{
		Version: recordVersion, Owner: owner, Base: -41, From: 7,
		User: 1 << 60, Bot: true, Application: 12, AppFlags: 1 << 18,
		Intents: 1<<9 | 1, Shard: &sharding.Shard{ID: 3, Count: 16}, LargeThreshold: 250, Compress: true, APIVersion: 10,
		Client: "web", Presence: json.RawMessage(`{"status":"dnd"}`), Subscriptions: json.RawMessage(`{"1":["typing"]}`),
		Guilds: []snowflake.ID{5, 1 << 60, 1<<60 + 1}, GuildsAt: 99,
	}
}

func (s *Sessions) expect(t *testing.T, id string, want Record) {
	t.Helper()
	if got, err := s.Get(t.Context(), id); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	s := NewSessions(newClient(t))
	ctx := t.Context()
	for _, want := range []Record{
		record("a"),
		{Version: recordVersion, Owner: "b", User: 3, Login: 4},
		{Version: recordVersion, Owner: "c", User: 3, Base: 1 << 52, From: 1 << 52, GuildsAt: 1 << 52},
	} {
		id := newSession()
		if _, err := s.Get(ctx, id); !errors.Is(err, ErrNoSession) {
			t.Errorf("before: %v", err)
		}
		for range 2 {
			if err := s.Put(ctx, id, want); err != nil {
				t.Fatal(err)
			}
			s.expect(t, id, want)
		}
		if ttl := s.rdb.PTTL(ctx, recordKey(id)).Val(); ttl < recordLife-time.Minute {
			t.Errorf("lives for %v", ttl)
		}
	}
}

func TestRecordOfALaterVersionIsNone(t *testing.T) {
	t.Parallel()
	s, id := NewSessions(newClient(t)), newSession()
	if err := s.Put(t.Context(), id, record("a")); err != nil {
		t.Fatal(err)
	}
	s.rdb.HSet(t.Context(), recordKey(id), fieldVersion, recordVersion+1)
	if _, err := s.Get(t.Context(), id); !errors.Is(err, ErrNoSession) {
		t.Error(err)
	}
	for field, value := range map[string]string{
		fieldVersion: "", fieldBase: "x", fieldGuilds: "\xff", fieldProfile: "{", fieldGuildsAt: "",
	} {
		id := newSession()
		if err := s.Put(t.Context(), id, record("a")); err != nil {
			t.Fatal(err)
		}
		s.rdb.HSet(t.Context(), recordKey(id), field, value)
		if r, err := s.Get(t.Context(), id); err == nil {
			t.Errorf("%s %q is accepted: %+v", field, value, r)
		}
	}
}

func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	s, id := NewSessions(newClient(t)), newSession()
	ctx := t.Context()
	if err := s.Put(ctx, id, record("a")); err != nil {
		t.Fatal(err)
	}
	many := make([]snowflake.ID, maxGuilds+1)
	long := json.RawMessage(`"` + strings.Repeat("x", maxSubscriptions) + `"`)
	for name, harm := range map[string]func(*Record){
		"guilds":        func(r *Record) { r.Guilds = many },
		"presence":      func(r *Record) { r.Presence = long },
		"subscriptions": func(r *Record) { r.Subscriptions = long },
	} {
		r := record("a")
		harm(&r)
		if err := s.Put(ctx, id, r); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Put with too many %s: %v", name, err)
		}
		if err := s.Claim(ctx, id, record("a"), r); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Claim with too many %s: %v", name, err)
		}
	}
	for _, c := range []Change{{Guilds: &Guilds{IDs: many}}, {Presence: long}, {Subscriptions: long}} {
		if err := s.Update(ctx, id, "a", c); !errors.Is(err, ErrTooLarge) {
			t.Errorf("Update: %v", err)
		}
	}
	s.expect(t, id, record("a"))

	r := record("a")
	r.Guilds = make([]snowflake.ID, 2500)
	for i := range r.Guilds {
		r.Guilds[i] = snowflake.ID(rand.Uint64N(1 << 60))
	}
	if err := s.Put(ctx, id, r); err != nil {
		t.Fatal(err)
	}
	slices.Sort(r.Guilds)
	s.expect(t, id, r)
	if n := s.rdb.HStrLen(ctx, recordKey(id), fieldGuilds).Val(); n > 2500*8 {
		t.Errorf("2,500 guilds take %d bytes", n)
	}
}

// Of all who claim a session at once, one has it.
func TestOneClaimSucceeds(t *testing.T) {
	t.Parallel()
	s := NewSessions(newClient(t))
	ctx := t.Context()
	for range 50 {
		id, from := newSession(), record("a")
		if err := s.Put(ctx, id, from); err != nil {
			t.Fatal(err)
		}
		var won atomic.Pointer[Record]
		var claiming sync.WaitGroup
		for i := range 8 {
			claiming.Go(func() {
				to := record(Process("claimer-" + string(rune('0'+i))))
				to.Base = int64(i)
				switch err := s.Claim(ctx, id, from, to); {
				case err == nil:
					if !won.CompareAndSwap(nil, &to) {
						t.Error("two have claimed the session")
					}
				case !errors.Is(err, ErrClaimed):
					t.Error(err)
				}
			})
		}
		claiming.Wait()
		if won.Load() == nil {
			t.Fatal("nobody has claimed the session")
		}
		s.expect(t, id, *won.Load())
	}
}

func TestClaimNeedsWhatItHasSeen(t *testing.T) {
	t.Parallel()
	s, id := NewSessions(newClient(t)), newSession()
	ctx := t.Context()
	a, b := record("a"), record("b")
	if err := s.Claim(ctx, id, a, b); !errors.Is(err, ErrNoSession) {
		t.Errorf("claim of nothing: %v", err)
	}
	if err := s.Put(ctx, id, a); err != nil {
		t.Fatal(err)
	}
	b.Base = 100
	if err := s.Claim(ctx, id, a, b); err != nil {
		t.Fatal(err)
	}
	// The session goes back to a, under another base: who has seen it there before is too late.
	again := record("a")
	again.Base = 200
	if err := s.Claim(ctx, id, b, again); err != nil {
		t.Fatal(err)
	}
	if err := s.Claim(ctx, id, a, record("c")); !errors.Is(err, ErrClaimed) {
		t.Errorf("claim of what was: %v", err)
	}
	s.expect(t, id, again)
}

// go-redis asks again when a connection ends before the answer.
func TestClaimIsMadeOnce(t *testing.T) {
	t.Parallel()
	rdb := newClient(t)
	s, id := NewSessions(rdb), newSession()
	if err := s.Put(t.Context(), id, record("a")); err != nil {
		t.Fatal(err)
	}
	hook := &loseAnswers{}
	rdb.AddHook(hook)
	hook.lose = 2
	if err := s.Claim(t.Context(), id, record("a"), record("b")); err != nil {
		t.Errorf("claim whose answer was lost: %v", err)
	}
	if hook.lost != 2 {
		t.Errorf("%d answers lost", hook.lost)
	}
}

func TestOnlyTheOwnerChangesARecord(t *testing.T) {
	t.Parallel()
	s, id := NewSessions(newClient(t)), newSession()
	ctx := t.Context()
	if err := s.Update(ctx, id, "a", Change{Presence: json.RawMessage(`1`)}); !errors.Is(err, ErrNoSession) {
		t.Errorf("update of nothing: %v", err)
	}
	want := record("a")
	if err := s.Put(ctx, id, want); err != nil {
		t.Fatal(err)
	}
	update := func(c Change) {
		t.Helper()
		if err := s.Update(ctx, id, "a", c); err != nil {
			t.Fatal(err)
		}
		s.expect(t, id, want)
	}
	update(Change{})
	want.Presence = json.RawMessage(`{"status":"idle"}`)
	update(Change{Presence: want.Presence})
	want.Guilds, want.GuildsAt = []snowflake.ID{2, 9}, 120
	update(Change{Guilds: &Guilds{IDs: []snowflake.ID{9, 2}, At: 120}})
	want.Subscriptions = json.RawMessage(`{}`)
	update(Change{Subscriptions: want.Subscriptions, Guilds: &Guilds{IDs: []snowflake.ID{3}, At: 119}})
	want.Guilds, want.GuildsAt = nil, 1<<52
	update(Change{Guilds: &Guilds{At: 1 << 52}})

	if err := s.Update(ctx, id, "b", Change{Presence: json.RawMessage(`1`)}); !errors.Is(err, ErrClaimed) {
		t.Errorf("update by another: %v", err)
	}
	if err := s.Remove(ctx, id, "b"); err != nil {
		t.Error(err)
	}
	s.expect(t, id, want)
	for range 2 {
		if err := s.Remove(ctx, id, "a"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Get(ctx, id); !errors.Is(err, ErrNoSession) {
		t.Errorf("after it was removed: %v", err)
	}
}

func TestKeep(t *testing.T) {
	t.Parallel()
	s := NewSessions(newClient(t))
	ctx := t.Context()
	var ids, lost []string
	for i := range keepBatch + 50 {
		id := newSession()
		ids = append(ids, id)
		if i%100 == 7 {
			lost = append(lost, id)
			continue
		}
		if err := s.Put(ctx, id, record("a")); err != nil {
			t.Fatal(err)
		}
		s.rdb.PExpire(ctx, recordKey(id), time.Minute)
	}
	missing, err := s.Keep(ctx, ids)
	if err != nil || !slices.Equal(missing, lost) {
		t.Errorf("missing %v, %v; want %v", missing, err, lost)
	}
	for _, id := range ids {
		if ttl := s.rdb.PTTL(ctx, recordKey(id)).Val(); ttl < recordLife-time.Minute && !slices.Contains(lost, id) {
			t.Fatalf("%s lives for %v", id, ttl)
		}
	}
}

func TestKey(t *testing.T) {
	t.Parallel()
	// Journals are read by other versions: the key of a session never changes.
	for id, want := range map[string]uint64{"": 0xcbf29ce484222325, "a": 0xaf63dc4c8601ec8c, "foobar": 0x85944171f73967e8} {
		if got := Key(id); got != want {
			t.Errorf("%q: %x, want %x", id, got, want)
		}
	}
}
