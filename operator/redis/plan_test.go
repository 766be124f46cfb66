package redis

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// settled is a cluster that is as wanted: the masters are in the pods of the lowest ordinals.
func settled(want Want) Picture {
	picture := fresh(want.Pods())
	for i := range picture {
		self := &picture[i].View.Self
		self.Epoch = int64(i + 1)
		if i < want.Masters {
			first := 0
			for rank := range i {
				first += quota(rank, want.Masters)
			}
			self.Slots = Slots{{first, first + quota(i, want.Masters) - 1}}
			picture[i].View.Keys = 1
		} else {
			self.Replica, self.Master = true, picture[i%want.Masters].View.Self.ID
			picture[i].View.LinkUp, picture[i].View.MasterIP = true, picture[i%want.Masters].IP
		}
	}
	return introduce(picture)
}

// fresh are nodes that know nobody.
func fresh(n int) Picture {
	var picture Picture
	for i := range n {
		picture = append(picture, newMember(i, fmt.Sprint("id", i)))
	}
	return picture
}

func newMember(ordinal int, id string) Member {
	ip := netip.AddrFrom4([4]byte{10, 0, byte(ordinal / 250), byte(1 + ordinal%250)})
	return Member{
		Pod:  Pod{Name: fmt.Sprint("pod", ordinal), Ordinal: ordinal, IP: ip, Ready: true},
		View: &View{Self: Node{ID: id, IP: ip, Myself: true, Connected: true, Migrating: map[int]string{}, Importing: map[int]string{}}, StateOK: true},
	}
}

// introduce has all nodes that answer know what each of them has become. Who is not there stays known as it was.
func introduce(picture Picture) Picture {
	for i := range picture {
		if picture[i].View == nil {
			continue
		}
		var others []Node
		for j := range picture {
			if j != i && picture[j].View != nil {
				node := picture[j].View.Self
				node.Myself, node.Connected, node.IP = false, true, picture[j].IP
				others = append(others, node)
			}
		}
		for _, node := range picture[i].View.Others {
			if !slices.ContainsFunc(others, func(other Node) bool { return other.ID == node.ID }) {
				others = append(others, node)
			}
		}
		picture[i].View.Others = others
	}
	return picture
}

// wipe gives the pod a node that knows nobody.
func wipe(picture Picture, ordinal int) {
	picture[ordinal] = newMember(ordinal, picture[ordinal].View.Self.ID+"'")
}

// forget makes all nodes forget one.
func forget(picture Picture, id string) {
	for i := range picture {
		view := picture[i].View
		view.Others = slices.DeleteFunc(view.Others, func(node Node) bool { return node.ID == id })
	}
}

func down(picture Picture, ordinal int) {
	picture[ordinal].View, picture[ordinal].Err = nil, errors.New("connection refused")
	picture[ordinal].Ready = false
}

func TestPlan(t *testing.T) {
	t.Parallel()
	eight := Want{Masters: 4, Replicas: 1}
	for name, c := range map[string]struct {
		want    Want
		picture func() Picture
		step    string
	}{
		"as wanted": {six, func() Picture { return settled(six) }, "everything is as wanted"},
		"fresh pods": {six, func() Picture { return fresh(6) },
			"assigning slots 0-5461 to pod0, 5462-10922 to pod1, 10923-16383 to pod2"},
		"fresh pods on few hosts": {six, func() Picture {
			p := fresh(6)
			for i := range p {
				p[i].Host = fmt.Sprint(i / 2)
			}
			return p
		}, "assigning slots 0-5461 to pod0, 5462-10922 to pod2, 10923-16383 to pod4"},
		"a fresh pod is yet to come": {six, func() Picture { return fresh(5) }, "waiting: pod 5 to start: it does not exist"},
		"masters that don't know each other": {six, func() Picture {
			p := settled(six)
			for i := range p {
				p[i].View.Others = nil
			}
			return p
		}, "introducing pod0 and pod1, pod0 and pod2, pod0 and pod3, pod0 and pod4, pod0 and pod5"},
		"a replica looks for its master where that was": {six, func() Picture {
			p := settled(six)
			p[4].View.LinkUp, p[4].View.MasterIP = false, netip.MustParseAddr("10.9.9.9")
			return p
		}, "making pod4 a replica of pod1"},
		"a replica whose master is slow": {six, func() Picture {
			p := settled(six)
			p[4].View.LinkUp = false
			return p
		}, "waiting: pod4 is taking over its master's data"},
		"a new address": {six, func() Picture {
			p := settled(six)
			p[4].IP = netip.MustParseAddr("10.9.9.9")
			return p
		}, "introducing pod0 and pod4"},
		"a replica is down": {six, func() Picture { p := settled(six); down(p, 4); return p },
			"waiting: pod4 doesn't answer: connection refused"},
		"a master is down: its replica may still be elected": {six, func() Picture { p := settled(six); down(p, 1); return p },
			"waiting: pod1 doesn't answer: connection refused"},
		"a master lost its volume": {six, func() Picture { p := settled(six); wipe(p, 1); return introduce(p) },
			"pod4 takes over from its lost master"},
		"a master and its replica lost their volumes": {six, func() Picture { p := settled(six); wipe(p, 1); wipe(p, 4); return introduce(p) },
			"forgetting lost nodes id1, id4"},
		"and are forgotten": {six, func() Picture {
			p := settled(six)
			wipe(p, 1)
			wipe(p, 4)
			forget(introduce(p), "id1")
			forget(p, "id4")
			return p
		}, "assigning slots 5462-10922 to pod1"},
		"a master lost its volume while another pod is down": {six, func() Picture {
			p := settled(six)
			wipe(p, 1)
			down(p, 5)
			return introduce(p)
		}, "waiting: pod5 doesn't answer: connection refused"},
		"a replica lost its volume": {six, func() Picture { p := settled(six); wipe(p, 4); return introduce(p) }, "forgetting lost nodes id4"},
		"and is forgotten": {six, func() Picture { p := settled(six); wipe(p, 4); forget(introduce(p), "id4"); return p },
			"making pod4 a replica of pod1"},
		"new pods": {eight, func() Picture { return introduce(append(settled(six), newMember(6, "id6"), newMember(7, "id7"))) },
			"making pod7 a replica of pod6"},
		"a new master with its replica": {eight, func() Picture {
			p := append(settled(six), newMember(6, "id6"), newMember(7, "id7"))
			p[7].View.Self.Replica, p[7].View.Self.Master, p[7].View.LinkUp = true, "id6", true
			return introduce(p)
		}, "moving slots 4096-5461 from pod0 to pod6"},
		"a new master whose replica copies": {eight, func() Picture {
			p := append(settled(six), newMember(6, "id6"), newMember(7, "id7"))
			p[7].View.Self.Replica, p[7].View.Self.Master = true, "id6"
			return introduce(p)
		}, "waiting: pod7 is taking over its master's data"},
		"a master too many": {six, func() Picture { return settled(eight) }, "moving slots 15018-16383 from pod3 to pod0"},
		"masters in pods that are to go": {six, func() Picture {
			p := settled(six)
			for i := range p { // the masters are 8 to 6, their replicas stay
				if i < 3 {
					p[i].Ordinal, p[i].Name = 8-i, fmt.Sprint("pod", 8-i)
				}
			}
			for ordinal := range 3 {
				p = append(p, newMember(ordinal, fmt.Sprint("new", ordinal)))
				p[len(p)-1].IP = netip.AddrFrom4([4]byte{10, 1, 0, byte(ordinal + 1)})
			}
			slices.SortFunc(p, func(a, b Member) int { return a.Ordinal - b.Ordinal })
			for i := range 3 { // all have a role
				p[i].View.Self.Replica, p[i].View.Self.Master, p[i].View.LinkUp = true, fmt.Sprint("id", i), true
			}
			return introduce(p)
		}, "handing a master over to pod0"},
		"an empty pod is to go":    {six, func() Picture { return introduce(append(settled(six), newMember(6, "id6"))) }, "forgetting lost nodes id6"},
		"a forgotten pod is to go": {six, func() Picture { return append(settled(six), newMember(6, "id6")) }, "scaling to 6 pods"},
		"replicas for masters":     {Want{Masters: 6}, func() Picture { return settled(six) }, "taking pod3 out of the cluster"},
		"an outdated replica": {six, func() Picture { p := settled(six); p[0].Outdated, p[3].Outdated = true, true; return p },
			"restarting pod3: its template has changed"},
		"an outdated master": {six, func() Picture { p := settled(six); p[0].Outdated = true; return p }, "handing a master over to pod3"},
		"an outdated master without replicas": {Want{Masters: 3}, func() Picture { p := settled(Want{Masters: 3}); p[0].Outdated = true; return p },
			"restarting pod0: its template has changed"},
		"outdated pods, one of which is not back yet": {six, func() Picture { p := settled(six); p[0].Outdated, p[3].View.LinkUp = true, false; return p },
			"waiting: pod3 is taking over its master's data"},
		"outdated pods, one not ready": {six, func() Picture { p := settled(six); p[0].Outdated, p[5].Ready = true, false; return p },
			"waiting: pod5 to be ready"},
		"a pod that does not run as it is": {six, func() Picture { p := settled(six); down(p, 4); p[4].Outdated = true; return p },
			"restarting pod4: it doesn't run, and its template has changed"},
		"a slot that has arrived": {six, func() Picture { p := settled(six); p[0].View.Self.Importing[7] = "id1"; return introduce(p) },
			"closing slots 7 at pod0"},
		"a slot on its way to a node that is gone": {six, func() Picture { p := settled(six); p[0].View.Self.Migrating[7] = "gone"; return introduce(p) },
			"closing slots 7 at pod0"},
		"a slot on its way": {six, func() Picture { p := settled(six); p[0].View.Self.Migrating[7] = "id1"; return introduce(p) },
			"moving slots 7 from pod0 to pod1"},
		"a slot on its way to what is a replica now": {six, func() Picture { p := settled(six); p[0].View.Self.Migrating[7] = "id4"; return introduce(p) },
			"moving slots 7 from pod0 to pod1"},
		"a slot that is waited for": {six, func() Picture { p := settled(six); p[1].View.Self.Importing[7] = "was"; return introduce(p) },
			"moving slots 7 from pod0 to pod1"},
		"a master and its replica on one host": {six, func() Picture {
			p := settled(six)
			for i, host := range []string{"a", "b", "c", "a", "c", "b"} {
				p[i].Host = host
			}
			return p
		}, "making pod3 a replica of pod1, pod4 a replica of pod0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if step := Plan(c.picture(), c.want).String(); step != c.step {
				t.Errorf("%s\ninstead of\n%s", step, c.step)
			}
		})
	}
}

// From any settled cluster, any other is reached, and no slot is ever without a master on the way.
func TestPlanGetsThere(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.Custom(func(t *rapid.T) Want {
			return Want{Masters: rapid.IntRange(3, 7).Draw(t, "masters"), Replicas: rapid.IntRange(0, 2).Draw(t, "replicas")}
		})
		from, to := wanted.Draw(t, "from"), wanted.Draw(t, "to")
		picture := settled(from)
		for i := range picture {
			picture[i].Host = fmt.Sprint(i % 3)
			picture[i].Outdated = rapid.Bool().Draw(t, "outdated")
		}
		for range rapid.IntRange(0, 4).Draw(t, "failovers") {
			replica := rapid.IntRange(0, len(picture)-1).Draw(t, "replica")
			if picture[replica].View.Self.Replica {
				picture = simulate(picture, TakeOver{Replica: &picture[replica]})
			}
		}
		for ordinal := len(picture); ordinal < to.Pods(); ordinal++ {
			picture = append(picture, newMember(ordinal, fmt.Sprint("new", ordinal)))
		}
		var taken []string
		for range 400 {
			step := Plan(picture, to)
			taken = append(taken, step.String())
			if _, reached := step.(Settled); reached {
				if health := picture.Health(to); health.Masters != to.Masters || health.Ready != to.Pods() || len(picture) != to.Pods() {
					t.Fatalf("settled with %+v of %d pods", health, len(picture))
				}
				return
			}
			picture = simulate(picture, step)
			if uncovered := picture.Health(to).Uncovered; len(uncovered) > 0 {
				t.Fatalf("after %s: no master for %s", step, uncovered)
			}
		}
		t.Fatalf("not there after\n%s", strings.Join(taken, "\n"))
	})
}

// simulate does what a step does to nodes that answer at once.
func simulate(picture Picture, step Step) Picture {
	switch step := step.(type) {
	case Meet:
		return introduce(picture)
	case Forget:
		for _, at := range step.At {
			at.View.Others = slices.DeleteFunc(at.View.Others, func(node Node) bool { return slices.Contains(step.IDs, node.ID) })
		}
		return picture
	case Replicate:
		for _, pair := range step.Pairs {
			pair.Replica.View.Self.Replica, pair.Replica.View.Self.Master = true, pair.Master.id()
			pair.Replica.View.LinkUp = true
		}
	case TakeOver:
		replica := step.Replica
		for i := range picture {
			master := &picture[i]
			if master.id() != replica.masterOf() {
				continue
			}
			old := master.id()
			master.View.Self.Replica, master.View.Self.Master, master.View.LinkUp = true, replica.id(), true
			replica.View.Self.Replica, replica.View.Self.Master = false, ""
			replica.View.Self.Slots, master.View.Self.Slots = master.View.Self.Slots, nil
			replica.View.Self.Epoch = highest(picture) + 1
			replica.View.Keys, master.View.Keys = 1, 1
			for j := range picture {
				if picture[j].masterOf() == old && &picture[j] != replica {
					picture[j].View.Self.Master = replica.id()
				}
			}
			break
		}
	case Move:
		moved, _ := step.Slots.cut(3000)
		has := func(slots Slots, slot int) bool {
			return slices.ContainsFunc(slots, func(r Range) bool { return r.First <= slot && slot <= r.Last })
		}
		from, to := &step.From.View.Self, &step.To.View.Self
		old, gained := from.Slots, to.Slots
		from.Slots = slotsWhere(func(slot int) bool { return has(old, slot) && !has(moved, slot) })
		to.Slots = slotsWhere(func(slot int) bool { return has(gained, slot) || has(moved, slot) })
		to.Epoch = highest(picture) + 1
		step.To.View.Keys = 1
		if len(from.Slots) == 0 {
			step.From.View.Keys = 0
		}
	case Reset:
		view := step.Node.View
		view.Self.Replica, view.Self.Master, view.Self.Slots = false, "", nil
		view.Others, view.Keys = nil, 0
		return picture
	case Restart:
		for i := range picture {
			if picture[i].Name == step.Pod.Name {
				picture[i].Outdated = false
			}
		}
	case Release:
		return picture[:step.Pods]
	}
	return gossip(picture)
}

func highest(picture Picture) (epoch int64) {
	for _, member := range picture {
		epoch = max(epoch, member.View.Self.Epoch)
	}
	return epoch
}

// gossip brings what nodes know of each other up to date.
func gossip(picture Picture) Picture {
	for i := range picture {
		for k := range picture[i].View.Others {
			for j := range picture {
				if other := &picture[i].View.Others[k]; other.ID == picture[j].id() {
					*other = picture[j].View.Self
					other.Myself = false
				}
			}
		}
	}
	return picture
}
