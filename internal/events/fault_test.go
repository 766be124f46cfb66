package events_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ownCluster is a cluster that the test may harm.
func ownCluster(t testing.TB) *redistest.Instance {
	t.Helper()
	return redistest.New(t)
}

func flush(t testing.TB, rdb *redis.ClusterClient) {
	t.Helper()
	err := rdb.ForEachMaster(t.Context(), func(ctx context.Context, node *redis.Client) error {
		return node.FlushAll(ctx).Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRedisThatLostEverythingIsRefilled(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, ownCluster(t).Client(t))
	log, idle := w.newLog(), w.newLog()
	_, got := w.open(w.feeds(w.store), log, 0)
	w.emit(log, 1, 2, 3)
	w.emit(idle, 1, 2)
	got.reaches(t, 3)
	flush(t, w.rdb)
	w.emit(log, 4)
	got.reaches(t, 4)

	// What Redis has lost still comes, from the outbox.
	_, late := w.open(w.feeds(w.store), log, 0)
	w.emit(log, 5)
	late.reaches(t, 5)

	// The relay puts logs back that Redis does not know.
	flush(t, w.rdb)
	heads := []events.Head{{Log: log, Seq: 5}, {Log: idle, Seq: 2}}
	if sent, err := w.pub.CatchUp(t.Context(), heads); err != nil || sent != 7 {
		t.Errorf("sent %d, %v; want 7", sent, err)
	}
	if sent, err := w.pub.CatchUp(t.Context(), heads); err != nil || sent != 0 {
		t.Errorf("sent %d again, %v", sent, err)
	}
	_, later := w.open(w.feeds(noSource{}), idle, 0)
	w.emit(idle, 3)
	later.reaches(t, 3)
	got.reaches(t, 5)
}

// Redis may evict a log's state and keep its stream.
func TestLogWhoseStateIsLostGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(w.store), log, 0)
	w.emit(log, 1, 2, 3)
	state := "log-state:{" + log.String() + "}"
	w.rdb.Del(t.Context(), state)
	if sent, err := w.pub.CatchUp(t.Context(), []events.Head{{Log: log, Seq: 3}}); err != nil {
		t.Errorf("sent %d, %v", sent, err)
	}
	w.rdb.Del(t.Context(), state)
	w.emit(log, 4)
	got.reaches(t, 4)
}

// While some connections die, everything that is committed arrives.
func TestKilledConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, ownCluster(t).Client(t))
	fs := w.feeds(w.store)
	logs := make([]snowflake.ID, 12)
	got := make([]*recorder, len(logs))
	for i := range logs {
		logs[i] = w.newLog()
		_, got[i] = w.open(fs, logs[i], 0)
	}
	const rounds = 5
	for range rounds {
		for _, log := range logs {
			w.emit(log, 1)
		}
		killSubscribers(t, w.rdb)
		for _, log := range logs {
			w.emit(log, 2)
		}
	}
	for i := range logs {
		got[i].reaches(t, 2*rounds)
		w.eventually("subscribed again", func() bool { return w.numSub(logs[i]) == 1 })
	}
}

func killSubscribers(t testing.TB, rdb *redis.ClusterClient) {
	t.Helper()
	err := rdb.ForEachMaster(t.Context(), func(ctx context.Context, node *redis.Client) error {
		return node.ClientKillByFilter(ctx, "TYPE", "pubsub").Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFeedIsKilledBetweenOpenAndStart(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, ownCluster(t).Client(t))
	log := w.newLog()
	f, err := w.feeds(w.store).Open(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	killSubscribers(t, w.rdb)
	w.emit(log, 1)
	got := newRecorder(0)
	f.Start(0, got)
	got.reaches(t, 1)
}

func TestFeedFollowsItsSlot(t *testing.T) {
	t.Parallel()
	instance := ownCluster(t)
	w := newWorldOn(t, instance.Client(t))
	log, other := w.newLog(), w.newLog()
	fs := w.feeds(w.store)
	_, got := w.open(fs, log, 0)
	_, untouched := w.open(fs, other, 0)
	w.emit(log, 1)
	got.reaches(t, 1)

	stop := make(chan struct{})
	var writing sync.WaitGroup
	var written int64 = 1
	writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				w.emit(log, 1)
				w.emit(other, 1)
				written++
			}
		}
	})
	for range 3 {
		moveSlot(t, instance, log)
	}
	close(stop)
	writing.Wait()
	// What could not be published while the slot moved is the relay's to send.
	w.eventually("caught up", func() bool {
		_, err := w.pub.CatchUp(t.Context(), []events.Head{{Log: log, Seq: written}, {Log: other, Seq: written - 1}})
		return err == nil
	})
	got.reaches(t, written)
	untouched.reaches(t, written-1)
	w.eventually("subscribed at the new master", func() bool { return w.numSub(log) == 1 })
}

// moveSlot moves the slot of a log, with its keys, to the next master.
// https://redis.io/docs/latest/commands/cluster-setslot/#redis-cluster-live-resharding-explained
func moveSlot(t testing.TB, instance *redistest.Instance, log snowflake.ID) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key := "log:{" + log.String() + "}"
	nodes := make([]*redis.Client, len(instance.Addrs()))
	ids := make([]string, len(nodes))
	for i, addr := range instance.Addrs() {
		nodes[i] = redis.NewClient(&redis.Options{Addr: addr, Password: instance.Password()})
		defer func() { _ = nodes[i].Close() }()
		id, err := nodes[i].Do(ctx, "CLUSTER", "MYID").Text()
		must(err)
		ids[i] = id
	}
	slot := int(nodes[0].ClusterKeySlot(ctx, key).Val())
	from := -1
	for i, node := range nodes {
		if err := node.Get(ctx, "{"+log.String()+"}none").Err(); err == nil || errors.Is(err, redis.Nil) {
			from = i
		}
	}
	if from < 0 {
		t.Fatal("no master has the slot")
	}
	to := (from + 1) % len(nodes)
	must(nodes[to].Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", ids[from]).Err())
	must(nodes[from].Do(ctx, "CLUSTER", "SETSLOT", slot, "MIGRATING", ids[to]).Err())
	host, port, _ := strings.Cut(instance.Addrs()[to], ":")
	for {
		keys := nodes[from].ClusterGetKeysInSlot(ctx, slot, 100).Val()
		if len(keys) == 0 {
			break
		}
		for _, key := range keys {
			must(nodes[from].Do(ctx, "MIGRATE", host, port, key, 0, 5000, "AUTH", instance.Password()).Err())
		}
	}
	for _, node := range []int{to, from, (to + 1) % len(nodes)} {
		must(nodes[node].Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", ids[to]).Err())
	}
}

func TestMasterIsKilledAndComesBack(t *testing.T) {
	t.Parallel()
	instance := ownCluster(t)
	w := newWorldOn(t, instance.Client(t))
	fs := w.feeds(w.store)
	logs := make([]snowflake.ID, 9)
	got := make([]*recorder, len(logs))
	for i := range logs {
		logs[i] = w.newLog()
		_, got[i] = w.open(fs, logs[i], 0)
		w.emit(logs[i], 1)
		got[i].reaches(t, 1)
	}
	instance.Kill(t, 0)
	heads := make([]events.Head, len(logs))
	for i, log := range logs {
		w.emit(log, 2)
		w.emit(log, 3)
		heads[i] = events.Head{Log: log, Seq: 3}
	}
	instance.Restart(t, 0)
	w.eventually("caught up", func() bool {
		_, err := w.pub.CatchUp(t.Context(), heads)
		return err == nil
	})
	for i := range logs {
		got[i].reaches(t, 3)
		w.eventually("subscribed again", func() bool { return w.numSub(logs[i]) == 1 })
	}
}

// A master that hangs says nothing, not even that it is gone.
func TestMasterHangsAndGoesOn(t *testing.T) {
	t.Parallel()
	instance := ownCluster(t)
	// As the services make theirs: a publisher's timeout counts.
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: instance.Addrs(), Password: instance.Password(), MaxRetries: 1, ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	w := newWorldOn(t, rdb)
	fs := w.feeds(w.store)
	logs := make([]snowflake.ID, 9)
	got := make([]*recorder, len(logs))
	for i := range logs {
		logs[i] = w.newLog()
		_, got[i] = w.open(fs, logs[i], 0)
		w.emit(logs[i], 1)
		got[i].reaches(t, 1)
	}
	node := redis.NewClient(&redis.Options{Addr: instance.Addrs()[0], Password: instance.Password()})
	pid, err := strconv.Atoi(node.InfoMap(t.Context(), "server").Val()["Server"]["process_id"])
	if err != nil {
		t.Fatal(err)
	}
	_ = node.Close()
	lost := testutil.ToFloat64(events.LinksLost)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	resume := sync.OnceFunc(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	t.Cleanup(resume)
	heads := make([]events.Head, len(logs))
	for i, log := range logs {
		w.emit(log, 2)
		heads[i] = events.Head{Log: log, Seq: 2}
	}
	w.eventually("the silence is noticed", func() bool { return testutil.ToFloat64(events.LinksLost) > lost })
	resume()
	w.eventually("caught up", func() bool {
		_, err := w.pub.CatchUp(t.Context(), heads)
		return err == nil
	})
	for i := range logs {
		got[i].reaches(t, 2)
		w.eventually("subscribed again", func() bool { return w.numSub(logs[i]) == 1 })
	}
}

// A log that nobody can serve must not keep the others from their new connections.
func TestUnservedLogsDoNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	instance := ownCluster(t)
	w := newWorldOn(t, instance.Client(t))
	fs := w.feeds(w.store)
	dead := instance.Addrs()[0]
	var alive []snowflake.ID
	var got []*recorder
	for range 200 {
		log := w.newLog()
		_, r := w.open(fs, log, 0)
		node, err := w.rdb.MasterForKey(t.Context(), "log:{"+log.String()+"}")
		if err != nil {
			t.Fatal(err)
		}
		if node.Options().Addr != dead {
			alive, got = append(alive, log), append(got, r)
		}
	}
	instance.Kill(t, 0)
	killSubscribersExcept(t, instance, 0)
	for _, log := range alive {
		w.emit(log, 1)
	}
	for i, log := range alive {
		got[i].reaches(t, 1)
		w.eventually("subscribed again", func() bool { return w.numSub(log) == 1 })
	}
}

func killSubscribersExcept(t testing.TB, instance *redistest.Instance, dead int) {
	t.Helper()
	for i, addr := range instance.Addrs() {
		if i == dead {
			continue
		}
		node := redis.NewClient(&redis.Options{Addr: addr, Password: instance.Password()})
		if err := node.ClientKillByFilter(t.Context(), "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		_ = node.Close()
	}
}

// A publication that no connection carried is found by the sweep.
func TestSweepFindsWhatWasNotReceived(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	log := w.newLog()
	_, got := w.open(w.feeds(noSource{}), log, 0)
	w.emit(log, 1)
	got.reaches(t, 1)
	// As the script does it, but for the publication.
	tag := "{" + log.String() + "}"
	w.quietly(func() { w.emit(log, 2) })
	body, err := w.outbox(log)[1].Body()
	if err != nil {
		t.Fatal(err)
	}
	entry := &redis.XAddArgs{Stream: "log:" + tag, ID: strconv.Itoa(2) + "-0", Values: []any{"e", body}}
	if err := w.rdb.XAdd(t.Context(), entry).Err(); err != nil {
		t.Fatal(err)
	}
	if err := w.rdb.HSet(t.Context(), "log-state:"+tag, "last", 2).Err(); err != nil {
		t.Fatal(err)
	}
	got.reaches(t, 2)
}

func TestOpenFailsWhileItsMasterIsDown(t *testing.T) {
	t.Parallel()
	instance := ownCluster(t)
	w := newWorldOn(t, instance.Client(t))
	fs := w.feeds(w.store)
	log := w.newLog()
	w.emit(log, 1)
	for i := range instance.Addrs() {
		instance.Kill(t, i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if _, err := fs.Open(ctx, log); err == nil {
		t.Fatal("opened without Redis")
	}
	for i := range instance.Addrs() {
		instance.Restart(t, i)
	}
	var f *events.Feed
	w.eventually("opened again", func() (ok bool) {
		var err error
		f, err = fs.Open(t.Context(), log)
		return err == nil
	})
	got := newRecorder(0)
	f.Start(0, got)
	w.emit(log, 2)
	got.reaches(t, 2)
}
