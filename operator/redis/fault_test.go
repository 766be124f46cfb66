package redis

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestReplacesANodeWithoutItsVolume(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()
	writes.await(trafficKeys)
	master := l.masters(six)[0]
	l.wipe(master)
	steps := l.settle(six)
	l.check(six)
	writes.stopTolerant()
	if count[TakeOver](steps) == 0 || count[Forget](steps) == 0 || count[Assign](steps) > 0 {
		t.Errorf("took other steps:\n%s", texts(steps))
	}
	if slices.Contains(l.masters(six), master) {
		t.Error("the empty node is a master")
	}
}

// All copies of a third of the slots are gone, and with two of three masters also the majority.
func TestSurvivesWhatIsLostForGood(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	s := l.survey(six)
	masters := l.masters(six)
	doomed := []int{masters[0], s.replicas(s.members[masters[0]].id())[0].Ordinal, masters[1]}
	for _, ordinal := range doomed {
		l.stop(ordinal)
	}
	step := l.due(six)
	if _, waits := step.(Wait); !waits {
		t.Fatalf("nobody knows yet what is lost, but: %s", step)
	}
	for _, ordinal := range doomed {
		l.wipe(ordinal)
	}
	steps := l.settle(six)
	l.check(six)
	if count[TakeOver](steps) == 0 || count[Assign](steps) != 1 {
		t.Errorf("took other steps:\n%s", texts(steps))
	}
	if client := l.client(); client.Set(t.Context(), "key", 1, 0).Err() != nil {
		t.Error("the cluster doesn't take writes")
	}
}

func TestFindsNodesThatAllHaveNewAddresses(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()
	writes.await(trafficKeys)
	writes.stop()
	ids := map[string]bool{}
	for id := range l.survey(six).byID {
		ids[id] = true
	}
	for ordinal := range l.pods {
		l.stop(ordinal)
	}
	for ordinal := range l.pods {
		l.start(ordinal)
	}
	steps := l.settle(six)
	l.check(six)
	for id := range l.survey(six).byID {
		if !ids[id] {
			t.Errorf("%s is new", id)
		}
	}
	if count[Assign](steps)+count[Forget](steps)+count[Move](steps) > 0 {
		t.Errorf("more than introductions:\n%s", texts(steps))
	}
	writes.stop() // all that was written is there
}

func TestPodsAreRestartedAfterTheyHandedOver(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()
	writes.await(trafficKeys)
	for _, pod := range l.pods {
		pod.Outdated = true
	}
	steps := l.settle(six)
	l.check(six)
	writes.stopTolerant()
	if restarts, handed := count[Restart](steps), count[TakeOver](steps); restarts != 6 || handed < 3 {
		t.Errorf("%d restarts, %d hand-overs:\n%s", restarts, handed, texts(steps))
	}
	// Whoever is restarted is no master at that moment.
	for i, step := range steps {
		if _, restarts := step.(Restart); restarts && i > 0 {
			if take, ok := steps[i-1].(TakeOver); ok && take.How != HandedOver {
				t.Errorf("a master was taken down: %s", texts(steps))
			}
		}
	}
}

// A master dies while slots move from it, and so does whoever moved them.
func TestGoesOnAfterAFailoverInTheMiddleOfAMove(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	eight := Want{Masters: 4, Replicas: 1}
	l.scale(eight.Pods())
	var move Move
	l.until(eight, func(step Step) (moves bool) { move, moves = step.(Move); return moves })
	writes := l.write()
	writes.await(trafficKeys)
	l.breakOff(move, 2)
	l.stop(move.From.Ordinal)
	l.until(eight, func(Step) bool {
		return l.survey(eight).byID[move.From.id()] == nil && len(l.survey(eight).uncovered()) == 0
	})
	l.start(move.From.Ordinal)
	l.settle(eight)
	l.check(eight)
	writes.stopTolerant()
}

func TestGoesOnWithAMoveThatWasBrokenOff(t *testing.T) {
	t.Parallel()
	for commands := range 5 {
		t.Run(string(rune('0'+commands)), func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			three := Want{Masters: 3}
			l.scale(3)
			l.settle(three)
			client := l.client()
			for i := range 300 {
				if err := client.Set(t.Context(), "{same}"+string(rune('a'+i)), i, 0).Err(); err != nil {
					t.Fatal(err)
				}
			}
			slot := int(client.ClusterKeySlot(t.Context(), "{same}").Val())
			s := l.survey(three)
			from := s.byID[s.owner[slot]]
			to := s.members[(from.Ordinal+1)%3]
			l.breakOff(Move{From: from, To: to, Slots: Slots{{slot, slot}}}, commands)
			l.settle(three)
			l.check(three)
			for i := range 300 {
				if have, err := client.Get(t.Context(), "{same}"+string(rune('a'+i))).Int(); err != nil || have != i {
					t.Fatalf("key %d: %d, %v", i, have, err)
				}
			}
		})
	}
}

// breakOff moves the last of the slots up to a number of commands: IMPORTING, MIGRATING, some keys, NODE at the new owner.
func (l *lab) breakOff(move Move, commands int) {
	l.Helper()
	ctx := l.Context()
	slot := move.Slots[len(move.Slots)-1].Last
	m := mover{Nodes: l.dial(), step: move, source: l.node(move.From.Ordinal), target: l.node(move.To.Ordinal)}
	for i, do := range []func() error{
		func() error { return setSlots(ctx, move.To, m.target, []int{slot}, "IMPORTING", move.From.id()) },
		func() error { return setSlots(ctx, move.From, m.source, []int{slot}, "MIGRATING", move.To.id()) },
		func() error {
			keys, err := m.source.ClusterGetKeysInSlot(ctx, slot, 7).Result()
			if err != nil || len(keys) == 0 {
				return err
			}
			return m.migrate(ctx, keys)
		},
		func() error {
			if err := m.keys(ctx, slot); err != nil {
				return err
			}
			return m.settle(ctx, move.To, m.target, []int{slot})
		},
	} {
		if i == commands {
			return
		}
		if err := do(); err != nil {
			l.Fatal(err)
		}
	}
}

func TestTradesReplicasForMasters(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()
	flat := Want{Masters: 6}
	l.settle(flat)
	l.check(flat)
	writes.stop()
}

// A node that has been away for a shrink and a growth comes with what it knew then.
func TestOldVolumeComesBack(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	eight := Want{Masters: 4, Replicas: 1}
	l.scale(eight.Pods())
	l.settle(eight)
	old := l.pods[6:8:8]
	l.settle(six)
	l.check(six)
	l.pods = append(l.pods, old...)
	l.start(6)
	l.start(7)
	l.settle(eight)
	l.check(eight)
}

func TestPasswordIsReplacedWhileClientsGoOn(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()
	const next = "fedcba9876543210"
	accept := func(current, file string) []string {
		t.Helper()
		nodes := Dial(l.dial().pods, current)
		defer nodes.Close()
		pending, err := nodes.Accept(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		return pending
	}
	mount := func(ordinal int, name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(l.pods[ordinal].dir, "secrets", name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	both := users(password, next)
	if pending := accept(password, both); len(pending) != 6 {
		t.Errorf("only %v wait for the file", pending)
	}
	for ordinal := range l.pods {
		mount(ordinal, "users.acl", both)
	}
	if pending := accept(password, both); len(pending) != 0 {
		t.Errorf("%v have not read it", pending)
	}
	writes.await(trafficKeys) // clients that came with the old one go on
	writes.stop()
	for ordinal := range l.pods {
		mount(ordinal, "redis-password", next)
	}
	if pending := accept(next, both); len(pending) != 0 {
		t.Errorf("%v don't take the new password", pending)
	}
	for ordinal := range l.pods {
		mount(ordinal, "users.acl", users(next))
	}
	if pending := accept(next, users(next)); len(pending) != 0 {
		t.Errorf("%v have not retired the old password", pending)
	}
	if err := l.node(0).Ping(context.Background()).Err(); err == nil {
		t.Error("the old password is still good")
	}
}
