package presence

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

var ids = snowflake.NewGenerator(2)

const hold = time.Minute

// newPod returns a renewed pod on the cluster that tests share.
func newPod(t testing.TB, rdb redis.UniversalClient) *Pod {
	t.Helper()
	p := NewPod(rdb, "pod-"+ids.Next().String(), hold)
	if began, err := p.Renew(t.Context()); err != nil || !began {
		t.Fatalf("first Renew: %v, %v", began, err)
	}
	return p
}

func told(client Client, status Status, names ...string) Update {
	return Update{Status: status, Client: client, Activities: activities(names...)}
}

// expect checks the answer of a Set or Clear.
func expect(t *testing.T, status Status, changed bool) func(Presence, bool, error) {
	t.Helper()
	return func(p Presence, c bool, err error) {
		t.Helper()
		if err != nil || p.Status != status || c != changed {
			t.Fatalf("got %s, changed %v, %v; want %s, %v", p.Status, c, err, status, changed)
		}
	}
}

// seen checks what others see: the guild's copy, and the user's own presence.
func seen(t *testing.T, p *Presences, user, guild snowflake.ID, want Status) {
	t.Helper()
	all, err := p.Users(t.Context(), []snowflake.ID{user})
	copies, errGuild := p.inGuild(t.Context(), guild)
	n, errCount := p.Count(t.Context(), guild)
	if err := errors.Join(err, errGuild, errCount); err != nil {
		t.Fatal(err)
	}
	presence, here := all[user]
	if !here {
		presence.Status = Offline
	}
	if presence.Status != want {
		t.Errorf("the user is %s, want %s", presence.Status, want)
	}
	copied, there := copies[user]
	if here != there || there && !reflect.DeepEqual(copied, presence) {
		t.Errorf("the guild has %v %+v, the user %v %+v", there, copied, here, presence)
	}
	if n != len(copies) {
		t.Errorf("Count says %d of %d", n, len(copies))
	}
}

func TestSessionsOfAUser(t *testing.T) {
	t.Parallel()
	ctx, a := t.Context(), newPod(t, redistest.Client(t))
	b := newPod(t, redistest.Client(t))
	user, guild := ids.Next(), ids.Next()
	guilds := []snowflake.ID{guild, ids.Next()}

	expect(t, Online, true)(a.Set(ctx, user, "s.1", guilds, told(Desktop, Online, "chess")))
	seen(t, a.Presences, user, guild, Online)
	expect(t, Online, false)(a.Set(ctx, user, "s.1", guilds, told(Desktop, Online, "chess")))
	expect(t, Online, true)(a.Set(ctx, user, "s.1", guilds, told(Desktop, Online, "go")))
	expect(t, Online, false)(b.Set(ctx, user, "s.2", guilds, told(Web, Invisible)))
	expect(t, DND, true)(b.Set(ctx, user, "s.2", guilds, told(Web, DND)))
	seen(t, a.Presences, user, guild, DND)

	sessions, err := a.Sessions(ctx, user)
	if err != nil || len(sessions) != 2 || sessions[0].ID != "s.1" || sessions[1].Status != DND || sessions[1].At == 0 {
		t.Errorf("sessions %+v, %v", sessions, err)
	}
	expect(t, DND, true)(a.Clear(ctx, user, "s.1", guilds))
	expect(t, DND, false)(a.Clear(ctx, user, "s.1", guilds))
	expect(t, Offline, true)(b.Clear(ctx, user, "s.2", guilds))
	seen(t, a.Presences, user, guild, Offline)
	if left := a.rdb.PTTL(ctx, userKey(user)).Val(); left <= 0 {
		t.Errorf("what is left of the user stays for ever: %v", left)
	}
	if n := a.rdb.SCard(ctx, leftKey(*a.lease.Load())).Val(); n != 0 {
		t.Errorf("the lease still has %d sessions", n)
	}
	expect(t, Idle, true)(a.Set(ctx, user, "s.3", guilds, told(Mobile, Idle)))
	seen(t, a.Presences, user, guild, Idle)
	if left := a.rdb.PTTL(ctx, userKey(user)).Val(); left > 0 {
		t.Errorf("a user who is there is forgotten in %v", left)
	}
}

func TestGuildGivesEventsOfItsMembers(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPod(t, redistest.Client(t))
	guild, member, left, away := ids.Next(), ids.Next(), ids.Next(), ids.Next()
	for _, user := range []snowflake.ID{member, left} {
		expect(t, Online, true)(p.Set(ctx, user, "s", []snowflake.ID{guild}, told(Web, Online)))
	}
	got, err := p.Guild(ctx, guild, []snowflake.ID{member, away})
	want := fmt.Sprintf(`{"user":{"id":"%d"},"guild_id":"%d","status":"online","activities":[],"client_status":{"web":"online"}}`, member, guild)
	if err != nil || len(got) != 1 || string(got[member]) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestEnterAndLeave(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPod(t, redistest.Client(t))
	user, guild := ids.Next(), ids.Next()
	if got, err := p.Enter(ctx, user, guild); err != nil || got.Status != Offline {
		t.Errorf("offline: %+v, %v", got, err)
	}
	seen(t, p.Presences, user, guild, Offline)
	expect(t, DND, true)(p.Set(ctx, user, "s", nil, told(Web, DND)))
	if got, err := p.Enter(ctx, user, guild); err != nil || got.Status != DND {
		t.Errorf("there: %+v, %v", got, err)
	}
	seen(t, p.Presences, user, guild, DND)
	expect(t, Online, true)(p.Set(ctx, user, "s", []snowflake.ID{guild}, told(Web, Online)))
	seen(t, p.Presences, user, guild, Online)
	if err := p.Leave(ctx, user, guild); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Count(ctx, guild); n != 0 || err != nil {
		t.Errorf("%d after leaving, %v", n, err)
	}
}

func TestALateCopyChangesNothing(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPod(t, redistest.Client(t))
	user, guild := ids.Next(), ids.Next()
	guilds := []snowflake.ID{guild}
	late := func(version int64, status Status) {
		t.Helper()
		if err := p.copyTo(ctx, guilds, user, version, Presence{Status: status, Activities: activities()}); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, Online, true)(p.Set(ctx, user, "s", guilds, told(Web, Online)))
	_, version, _ := p.sessions(ctx, user)
	late(version-1, Idle)
	late(version-1, Offline)
	seen(t, p.Presences, user, guild, Online)
	expect(t, Offline, true)(p.Clear(ctx, user, "s", guilds))
	late(version, Online)
	seen(t, p.Presences, user, guild, Offline)
}

// Sessions of one user come and go on several pods at once. In the end the guild must have what the sessions make.
func TestConcurrentChangesAgreeInTheEnd(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	user, guild := ids.Next(), ids.Next()
	guilds := []snowflake.ID{guild}
	for range 5 {
		var wg sync.WaitGroup
		var reader *Pod
		for range 3 {
			pod := newPod(t, redistest.Client(t))
			reader = pod
			for i := range 4 {
				session := pod.name + "." + strconv.Itoa(i)
				wg.Go(func() {
					for range 10 {
						status := []Status{Online, DND, Idle, Invisible}[rand.IntN(4)]
						if _, _, err := pod.Set(ctx, user, session, guilds, told(Web, status)); err != nil {
							t.Error(err)
						}
						if rand.IntN(2) == 0 {
							if _, _, err := pod.Clear(ctx, user, session, guilds); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
		}
		wg.Wait()
		sessions, err := reader.Sessions(ctx, user)
		if err != nil {
			t.Fatal(err)
		}
		seen(t, reader.Presences, user, guild, Aggregate(sessions).Status)
	}
}

func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	ctx, p := t.Context(), newPod(t, redistest.Client(t))
	user := ids.Next()
	entry, err := encodeEntry(*p.lease.Load(), session("", 1, Web, Online))
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{versionField: "1"}
	for i := range maxSessions - 1 {
		fields["s."+strconv.Itoa(i)] = entry
	}
	if err := p.rdb.HSet(ctx, userKey(user), fields).Err(); err != nil {
		t.Fatal(err)
	}
	expect(t, Online, false)(p.Set(ctx, user, "last", nil, told(Web, Online)))
	if _, _, err := p.Set(ctx, user, "one more", nil, told(Web, Online)); !errors.Is(err, ErrTooManySessions) {
		t.Errorf("one more: %v", err)
	}
	expect(t, DND, true)(p.Set(ctx, user, "last", nil, told(Web, DND)))
}

func TestWithoutALeaseNothingIsTold(t *testing.T) {
	t.Parallel()
	p := NewPod(redistest.Client(t), "pod", hold)
	if _, _, err := p.Set(t.Context(), 1, "s", nil, told(Web, Online)); !errors.Is(err, ErrNoLease) {
		t.Errorf("Set: %v", err)
	}
	if _, _, err := p.Clear(t.Context(), 1, "s", nil); !errors.Is(err, ErrNoLease) {
		t.Errorf("Clear: %v", err)
	}
}

func TestRedisWithoutScriptsOrData(t *testing.T) {
	t.Parallel()
	cluster := redistest.New(t)
	rdb := cluster.Client(t)
	ctx, p := t.Context(), newPod(t, rdb)
	user, guild := ids.Next(), ids.Next()
	var guilds []snowflake.ID
	for range 20 { // on all masters
		guilds = append(guilds, ids.Next())
	}
	guilds = append(guilds, guild)
	for _, lose := range []func(context.Context, *redis.Client) error{
		func(context.Context, *redis.Client) error { return nil },
		func(ctx context.Context, master *redis.Client) error { return master.ScriptFlush(ctx).Err() },
		func(ctx context.Context, master *redis.Client) error { return master.FlushAll(ctx).Err() },
	} {
		if err := rdb.ForEachMaster(ctx, lose); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Renew(ctx); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.Set(ctx, user, "s", guilds, told(Web, Online)); err != nil {
			t.Fatal(err)
		}
		seen(t, p.Presences, user, guild, Online)
		expect(t, Offline, true)(p.Clear(ctx, user, "s", guilds))
		seen(t, p.Presences, user, guild, Offline)
	}
	// The guilds' copies are lost, the user's sessions aren't: a new lease brings the copies back.
	expect(t, Online, true)(p.Set(ctx, user, "s", guilds, told(Web, Online)))
	if err := errors.Join(rdb.Del(ctx, guildKey(guild)).Err(), rdb.Del(ctx, leasesKey).Err()); err != nil {
		t.Fatal(err)
	}
	if began, err := p.Renew(ctx); err != nil || !began {
		t.Fatalf("Renew: %v, %v", began, err)
	}
	expect(t, Online, false)(p.Set(ctx, user, "s", guilds, told(Web, Online)))
	seen(t, p.Presences, user, guild, Online)
}

func BenchmarkSet(b *testing.B) {
	p := newPod(b, redistest.Client(b))
	user := ids.Next()
	var guilds []snowflake.ID
	for range 20 {
		guilds = append(guilds, ids.Next())
	}
	statuses := []Status{Online, Idle}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, changed, err := p.Set(b.Context(), user, "s", guilds, told(Web, statuses[i%2])); err != nil || !changed {
			b.Fatal(changed, err)
		}
	}
}
