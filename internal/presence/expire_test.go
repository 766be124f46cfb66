package presence

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

// endLease ends the pod's lease as time would.
func endLease(t *testing.T, p *Pod) {
	t.Helper()
	kept, err := NewPod(p.rdb, p.name, -time.Millisecond).renew(t.Context(), *p.lease.Load(), true)
	if err != nil || !kept {
		t.Fatalf("%v, %v", kept, err)
	}
}

func TestExpire(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t).Client(t) // of its own: Expire sees the leases of all pods
	ctx, dead, alive := t.Context(), newPod(t, rdb), newPod(t, rdb)
	onlyDead, both, taken, hidden, guild := ids.Next(), ids.Next(), ids.Next(), ids.Next(), ids.Next()
	guilds := []snowflake.ID{guild}
	for _, user := range []snowflake.ID{onlyDead, both, taken} {
		expect(t, Online, true)(dead.Set(ctx, user, "s.1", guilds, told(Desktop, Online)))
	}
	expect(t, Offline, false)(dead.Set(ctx, hidden, "s.1", guilds, told(Desktop, Invisible)))
	expect(t, DND, true)(alive.Set(ctx, both, "s.2", guilds, told(Web, DND)))

	var published []Change
	publish := func(_ context.Context, c Change) { published = append(published, c) }
	guildsOf := func(context.Context, snowflake.ID) ([]snowflake.ID, error) { return guilds, nil }
	expire := func() {
		t.Helper()
		published = nil
		if err := New(rdb).Expire(ctx, guildsOf, publish); err != nil {
			t.Fatal(err)
		}
	}
	expire()
	if len(published) != 0 {
		t.Fatalf("leases that haven't ended: %+v", published)
	}

	expect(t, Online, false)(alive.Set(ctx, taken, "s.1", guilds, told(Desktop, Online))) // resumed elsewhere
	endLease(t, dead)
	expire()
	got := map[snowflake.ID]Change{}
	for _, c := range published {
		got[c.User] = c
	}
	if len(published) != 2 || got[onlyDead].Presence.Status != Offline || got[both].Presence.Status != DND ||
		got[both].Presence.ClientStatus.Desktop != "" || fmt.Sprint(got[onlyDead].Guilds) != fmt.Sprint(guilds) {
		t.Errorf("published %+v", published)
	}
	seen(t, alive.Presences, onlyDead, guild, Offline)
	seen(t, alive.Presences, both, guild, DND)
	seen(t, alive.Presences, taken, guild, Online)
	if n := rdb.Exists(ctx, leftKey(*dead.lease.Load())).Val(); n != 0 {
		t.Error("what the lease had is still there")
	}
	expire()
	if len(published) != 0 {
		t.Errorf("twice: %+v", published)
	}
	if n := rdb.ZCard(ctx, leasesKey).Val(); n != 1 {
		t.Errorf("%d leases, want the living pod's", n)
	}

	// A pod that was thought dead begins anew.
	if began, err := dead.Renew(ctx); err != nil || !began {
		t.Errorf("Renew after the end: %v, %v", began, err)
	}
	expect(t, Online, true)(dead.Set(ctx, onlyDead, "s.1", guilds, told(Desktop, Online)))
	expire()
	seen(t, alive.Presences, onlyDead, guild, Online)
}

func TestRenewKeepsTheLease(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPod(t, redistest.Client(t))
	lease := *p.lease.Load()
	if began, err := p.Renew(ctx); began || err != nil || *p.lease.Load() != lease {
		t.Errorf("%v, %v", began, err)
	}
	endLease(t, p)
	if began, err := p.Renew(ctx); !began || err != nil || *p.lease.Load() == lease {
		t.Errorf("after its end: %v, %v", began, err)
	}
	if _, err := p.rdb.ZScore(ctx, leasesKey, lease).Result(); err != nil {
		t.Errorf("the old lease must stay until it is expired: %v", err)
	}
}

func TestExpireTriesAgain(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t).Client(t)
	ctx, p := t.Context(), newPod(t, rdb)
	good, bad, guild := ids.Next(), ids.Next(), ids.Next()
	guilds := []snowflake.ID{guild}
	for _, user := range []snowflake.ID{good, bad} {
		expect(t, Online, true)(p.Set(ctx, user, "s", guilds, told(Web, Online)))
	}
	endLease(t, p)
	broken := errors.New("broken")
	fail := true
	guildsOf := func(_ context.Context, user snowflake.ID) ([]snowflake.ID, error) {
		if fail && user == bad {
			return nil, broken
		}
		return guilds, nil
	}
	var published []snowflake.ID
	publish := func(_ context.Context, c Change) { published = append(published, c.User) }
	if err := p.Expire(ctx, guildsOf, publish); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if fmt.Sprint(published) != fmt.Sprint([]snowflake.ID{good}) {
		t.Errorf("published %v, want %v", published, good)
	}
	fail, published = false, nil
	if err := p.Expire(ctx, guildsOf, publish); err != nil || fmt.Sprint(published) != fmt.Sprint([]snowflake.ID{bad}) {
		t.Errorf("the second time: %v, %v", published, err)
	}
	seen(t, p.Presences, bad, guild, Offline)
}

// If the copies to the guilds fail after the session is gone, the next Expire makes them.
func TestExpireMakesUpForMissingCopies(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t).Client(t)
	ctx, p := t.Context(), newPod(t, rdb)
	user, guild := ids.Next(), ids.Next()
	expect(t, Online, true)(p.Set(ctx, user, "s", []snowflake.ID{guild}, told(Web, Online)))
	if _, err := p.changeSession(ctx, *p.lease.Load(), user, Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	endLease(t, p)
	guildsOf := func(context.Context, snowflake.ID) ([]snowflake.ID, error) { return []snowflake.ID{guild}, nil }
	if err := p.Expire(ctx, guildsOf, func(context.Context, Change) {}); err != nil {
		t.Fatal(err)
	}
	seen(t, p.Presences, user, guild, Offline)
}
