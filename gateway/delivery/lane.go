package delivery

const (
	// maxUnflushed bounds the deliveries that a lane queues in a turn, in which it flushes every receiver at most once.
	maxUnflushed = 256
	// flushesAtOnce is how many receivers a lane flushes before it looks for what has come.
	flushesAtOnce = 32
	// maxAhead bounds the batches that wait for a lane; the line waits then, and gathers larger ones.
	maxAhead = 4
)

// lane takes deliveries to its receivers. It queues a batch as soon as it comes, also while it is flushing: those whose turn is
// yet to come get it with the same write, the others take their turn again. So nothing waits for longer than a turn, and the
// more comes in one, the fewer are the writes.
type lane struct {
	index   int
	batches chan []*Delivery // closed by the line at its end
	touched []Receiver       // to be flushed, in this order
	unwritten
}

func newLane(index int) *lane {
	return &lane{index: index, batches: make(chan []*Delivery, maxAhead)}
}

func (l *lane) run() {
	for batch := range l.batches {
		l.work(batch)
	}
}

// work takes a batch, and those that come meanwhile, to the receivers.
func (l *lane) work(batch []*Delivery) {
	room := maxUnflushed // in this turn
	turn := 0            // how many of touched are in it
	flushed := 0
	for {
		for len(batch) > 0 && room > 0 {
			n := min(len(batch), room)
			l.queue(batch[:n], flushed)
			room -= n
			if batch = batch[n:]; len(batch) == 0 {
				batch = l.waiting()
			}
		}
		next := min(flushed+flushesAtOnce, len(l.touched))
		for _, r := range l.touched[flushed:next] {
			r.Flush()
		}
		l.sent(next - flushed)
		flushed = next
		if flushed >= turn {
			left := copy(l.touched, l.touched[flushed:])
			clear(l.touched[left:])
			l.touched = l.touched[:left]
			room, turn, flushed = maxUnflushed, left, 0
		}
		if len(batch) == 0 {
			batch = l.waiting()
		}
		if len(batch) == 0 && len(l.touched) == 0 {
			return
		}
	}
}

// waiting returns a batch that has come already, or nil.
func (l *lane) waiting() []*Delivery {
	select {
	case batch := <-l.batches:
		return batch
	default:
		return nil
	}
}

// queue queues the deliveries at their receivers. So many of touched had their turn.
func (l *lane) queue(batch []*Delivery, flushed int) {
	for _, d := range batch {
		if r := d.Alone; r != nil && r.Lane() == l.index && r.AcceptOwn(d.position, d) {
			l.touched = append(l.touched, r)
		}
		receivers := 0
		for _, p := range d.Parts {
			here := p.To.lane(l.index)
			receivers += len(here)
			for _, r := range here {
				if r.Accept(d.position, p.Dispatch) {
					l.touched = append(l.touched, r)
				}
			}
		}
		l.queued(d, receivers, len(l.touched)-flushed)
	}
}
