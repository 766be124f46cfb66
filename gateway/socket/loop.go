package socket

import (
	"errors"
	"sync"
)

// loops counts the open connections, and has a loop for them while there are any.
type loops struct {
	max int

	mu   sync.Mutex
	open int
	loop *loop
}

// loop is what connections wait with.
type loop struct {
	of        *loops
	poller    *poller
	deadlines *deadlines
}

var errFull = errors.New("too many connections")

// enter makes room for one more connection. Whoever has entered must leave.
func (l *loops) enter() (*loop, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.max {
		return nil, errFull
	}
	if l.loop == nil {
		p, err := newPoller()
		if err != nil {
			return nil, err
		}
		l.loop = &loop{l, p, newDeadlines()}
	}
	l.open++
	return l.loop, nil
}

// leave makes the room free again. The loop ends with its last connection.
func (l *loop) leave() {
	l.of.mu.Lock()
	defer l.of.mu.Unlock()
	l.of.open--
	if l.of.open == 0 {
		l.poller.close()
		l.deadlines.close()
		l.of.loop = nil
	}
}
