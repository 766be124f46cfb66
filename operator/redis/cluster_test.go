package redis

import (
	"testing"
)

var six = Want{Masters: 3, Replicas: 1}

func TestFormsOfFreshPods(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	l.check(six)
	s := l.survey(six)
	for _, member := range s.members {
		if master := s.byID[member.masterOf()]; master != nil && master.sharesHost(member) {
			t.Errorf("%s and its master %s are on one host", member.Name, master.Name)
		}
	}
	if steps := l.settle(six); len(steps) > 0 {
		t.Errorf("a settled cluster is changed: %s", texts(steps))
	}
}

func TestGrowsAndShrinksUnderWrites(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.scale(six.Pods())
	l.settle(six)
	writes := l.write()

	ten := Want{Masters: 5, Replicas: 1}
	l.scale(ten.Pods())
	l.settle(ten)
	l.check(ten)

	l.settle(six)
	l.check(six)
	if len(l.pods) != six.Pods() {
		t.Errorf("%d pods", len(l.pods))
	}
	writes.stop()
	if writes.failed > 0 {
		t.Errorf("%d writes failed, though no node did", writes.failed)
	}
}
