package clients

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
)

// dialect is a protocol of a fleet. The loop calls it from its one thread.
type dialect interface {
	connected(*client)                   // TCP is there
	upgraded(*client)                    // and HTTP; only after loop.upgrade
	received(c *client, b []byte) int    // takes what is whole, and returns how many bytes that was; -1: the client was dropped
	beat(*client)                        // once an interval
	leave(*client)                       // end the session in the way that frees it
	interval() (every time.Duration)     // of beat; 0: never
	stream(index int) (key int, ok bool) // which stream a client gets
}

// MaxClients bounds a fleet: a process has 20,000 descriptors on some machines.
const MaxClients = 17_900

const (
	tick       = 50 * time.Millisecond
	readBuffer = 256 << 10
	maxEvents  = 512
	maxFaults  = 20 // that are told in words
)

// loop is the thread that serves all clients.
type loop struct {
	fleet    control.Fleet
	dialect  dialect
	targets  []netip.AddrPort
	clients  []client
	streams  map[int]*stream
	epoll    int
	wake     int // eventfd
	parallel int

	queue    []int32 // waiting
	starting int     // on their way
	wheel    [][]int32
	turn     int
	turned   int64 // when the last turn was due

	returning bool
	left      bool
	capture   *capture
	counts    control.Counts
	have      []control.Message
	faults    int
	buffer    []byte
	scratch   []byte

	mu     sync.Mutex
	orders []control.Order
	closed bool

	out chan<- control.Report
}

func newLoop(fleet control.Fleet, out chan<- control.Report) (*loop, error) {
	if fleet.Clients < 1 || fleet.Clients > MaxClients {
		return nil, fmt.Errorf("%d clients are not from 1 to %d", fleet.Clients, MaxClients)
	}
	l := &loop{
		fleet: fleet, clients: make([]client, fleet.Clients), streams: map[int]*stream{}, parallel: fleet.Parallel,
		buffer: make([]byte, readBuffer), out: out,
	}
	if l.parallel == 0 {
		l.parallel = fleet.Clients
	}
	var err error
	if l.targets, err = parseTargets(fleet.Targets); err != nil {
		return nil, err
	}
	if l.dialect, err = newDialect(l); err != nil {
		return nil, err
	}
	var corpus payload.Corpus
	if fleet.Corpus != "" {
		if corpus, err = payload.Read(fleet.Corpus); err != nil {
			return nil, err
		}
	}
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("epoll_create: %w", err)
	}
	if l.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: -1}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, l.wake, &event); err != nil {
		return nil, fmt.Errorf("epoll_ctl: %w", err)
	}
	if every := l.dialect.interval(); every > 0 {
		l.wheel = make([][]int32, max(1, int(every/tick)))
	}
	for i := range l.clients {
		c := &l.clients[i]
		*c = client{fd: -1, index: int32(i), acked: true}
		l.queue = append(l.queue, int32(i))
		if key, ok := l.dialect.stream(i); ok {
			if l.streams[key] == nil {
				l.streams[key] = newStream(&l.counts, &l.have)
				l.streams[key].expected = expectedOf(fleet.Protocol, corpus)
			}
			c.stream = l.streams[key]
			c.stream.members++
		}
	}
	return l, nil
}

// expectedOf returns what the protocol has of each message of the corpus.
func expectedOf(protocol string, corpus payload.Corpus) (expected [][]byte) {
	for _, m := range corpus {
		if protocol != control.Frames {
			expected = append(expected, m.Data)
			continue
		}
		f, _, _ := parseFrame(m.Frame)
		expected = append(expected, f.payload)
	}
	return expected
}

// order gives the loop an order.
func (l *loop) order(o control.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.orders = append(l.orders, o)
	_, _ = unix.Write(l.wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // can't fail but when the counter is full, and then it is awake
}

// run serves until ctx ends.
func (l *loop) run(ctx context.Context) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.close()
	stop := context.AfterFunc(ctx, func() { l.order(control.Order{}) })
	defer stop()
	events := make([]unix.EpollEvent, maxEvents)
	l.turned = control.Now()
	for ctx.Err() == nil {
		n, err := l.wait(events)
		if err != nil {
			return err
		}
		for _, event := range events[:n] {
			if event.Fd < 0 {
				l.obey()
				continue
			}
			l.serve(&l.clients[event.Fd], event.Events)
		}
		l.ticked()
		if len(l.have) > 0 {
			l.report(control.Report{Is: control.Have, Messages: l.have})
			l.have = nil
		}
	}
	return nil
}

// close closes everything that the loop opened.
func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for i := range l.clients {
		l.drop(&l.clients[i])
	}
	_, _ = unix.Close(l.wake), unix.Close(l.epoll)
}

// wait returns what is ready at once, or else waits, at most a tick. A system call that may block costs more in Go.
func (l *loop) wait(events []unix.EpollEvent) (int, error) {
	for _, timeout := range []int{0, int(tick / time.Millisecond)} {
		n, err := unix.EpollWait(l.epoll, events, timeout)
		if errors.Is(err, unix.EINTR) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("epoll_wait: %w", err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, nil
}

func (l *loop) watch(c *client, events uint32) {
	event := unix.EpollEvent{Events: events, Fd: c.index}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_MOD, int(c.fd), &event); err != nil {
		l.fault(c, "epoll_ctl: "+err.Error())
	}
}

// serve handles what happened at a client's socket.
func (l *loop) serve(c *client, events uint32) {
	if c.fd < 0 {
		return // closed since
	}
	if c.phase == connecting {
		l.connected(c)
		return
	}
	if events&unix.EPOLLOUT != 0 && len(c.out) > 0 {
		l.flush(c)
	}
	if events&^unix.EPOLLOUT != 0 {
		l.read(c)
	}
}

// read takes what the socket has, as much as the buffer holds.
func (l *loop) read(c *client) {
	into := l.buffer
	if len(c.in) > 0 {
		into = c.in[len(c.in):cap(c.in)]
	}
	n, err := unix.Read(int(c.fd), into)
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return
	case err != nil:
		l.lost(c, err.Error())
		return
	case n == 0:
		l.lost(c, "the server closed the connection")
		return
	}
	l.counts.Bytes += n
	b := into[:n]
	kept := len(c.in) > 0
	if kept {
		b = c.in[:len(c.in)+n]
	}
	used := l.take(c, b)
	if used < 0 || c.fd < 0 {
		return
	}
	rest := b[used:]
	if len(rest) == 0 {
		c.in = nil
		return
	}
	// What is kept has room for the whole frame, so that a large one is copied once.
	_, need, _ := parseFrame(rest)
	need = max(need, len(rest)+512)
	if kept && used == 0 && cap(c.in) >= need {
		c.in = b
		return
	}
	c.in = append(make([]byte, 0, need), rest...)
}

// take handles what is whole of b and returns how much that was, or -1 if the client was dropped.
func (l *loop) take(c *client, b []byte) (used int) {
	if c.phase == upgrading {
		rest, whole := l.upgraded(c, b)
		if !whole {
			return 0
		}
		if c.fd < 0 {
			return -1
		}
		used = len(b) - len(rest)
		b = rest
	}
	n := l.dialect.received(c, b)
	if n < 0 {
		return -1
	}
	return used + n
}

// ticked does what is due.
func (l *loop) ticked() {
	now := control.Now()
	l.admit(now)
	// As many turns as the time says, or laps would take longer than an interval when there is much to do.
	for ; now-l.turned >= int64(tick); l.turned += int64(tick) {
		l.turn++
		if l.turn%int(10*time.Second/tick) == 0 {
			l.timeouts(now)
		}
		if l.turn%int(time.Second/tick) == 0 {
			counts := l.total()
			l.report(control.Report{Is: control.Progress, Totals: &counts})
		}
		if len(l.wheel) > 0 {
			l.beats(l.turn % len(l.wheel))
		}
	}
}

// beats lets those send their heartbeats whose turn it is: one lap of the wheel is an interval.
func (l *loop) beats(slot int) {
	for _, index := range l.wheel[slot] {
		if c := &l.clients[index]; c.phase == joining || c.phase == ready {
			l.dialect.beat(c)
		}
	}
}

// startBeats gives a client its turn, at random: https://discord.com/developers/docs/events/gateway#sending-heartbeats
func (l *loop) startBeats(c *client) {
	if len(l.wheel) == 0 || c.turns {
		return
	}
	c.turns = true
	slot := rand.IntN(len(l.wheel))
	l.wheel[slot] = append(l.wheel[slot], c.index)
}

// obey carries out the orders that have come.
func (l *loop) obey() {
	var drained [8]byte
	_, _ = unix.Read(l.wake, drained[:])
	l.mu.Lock()
	orders := l.orders
	l.orders = nil
	l.mu.Unlock()
	for _, o := range orders {
		switch o.Do {
		case control.Tell:
			counts := l.total()
			l.report(control.Report{Is: control.Totals, Totals: &counts})
		case control.Capture:
			l.capture = &capture{path: o.Path, want: o.Count}
		case control.Return:
			if targets, err := parseTargets(o.Targets); err == nil {
				l.targets, l.returning, l.parallel = targets, true, len(l.clients)
			}
		case control.Leave:
			l.leave()
		}
	}
}

// leave ends all sessions.
func (l *loop) leave() {
	l.returning, l.queue = false, nil
	for i := range l.clients {
		c := &l.clients[i]
		if c.phase != ready {
			l.drop(c)
			c.phase = gone
			continue
		}
		c.phase = leaving
		l.counts.Ready--
		l.dialect.leave(c)
	}
	l.left = true
	l.gone()
}

// gone reports when the last client has left.
func (l *loop) gone() {
	if l.left && l.counts.Connected == 0 {
		l.report(control.Report{Is: control.Left, At: control.Now()})
	}
}

// total returns the counts and the order of what all have.
func (l *loop) total() control.Counts {
	counts := l.counts
	for _, s := range l.streams {
		counts.Order ^= s.order
	}
	return counts
}

// fault tells the first faults in words.
func (l *loop) fault(c *client, why string) {
	if l.faults++; l.faults <= maxFaults {
		l.report(control.Report{Is: control.Fault, Text: fmt.Sprintf("client %d: %s", c.index, why)})
	}
}

func (l *loop) report(r control.Report) { l.out <- r }
