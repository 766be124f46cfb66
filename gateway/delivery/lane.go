package delivery

const (
	// maxUnflushed bounds the deliveries that a lane queues before it flushes.
	maxUnflushed = 256
	// maxAhead bounds the batches that wait for a lane; the line waits then, and gathers larger ones.
	maxAhead = 4
)

// lane takes deliveries to its receivers.
type lane struct {
	index   int
	batches chan []*Delivery // closed by the line at its end
	touched []Receiver
}

func newLane(index int) *lane {
	return &lane{index: index, batches: make(chan []*Delivery, maxAhead)}
}

func (l *lane) run() {
	for batch := range l.batches {
		for batch != nil {
			batch = l.take(batch)
		}
	}
}

// take queues a batch, and those that have come meanwhile, and flushes the receivers that it touched: what came while the lane
// was busy leaves in the same writes. It returns what is too much for one round.
func (l *lane) take(batch []*Delivery) (rest []*Delivery) {
	for room := maxUnflushed; batch != nil && room > 0; {
		n := min(len(batch), room)
		l.queue(batch[:n])
		room -= n
		if batch = batch[n:]; len(batch) == 0 {
			batch = l.waiting()
		}
	}
	for _, r := range l.touched {
		r.Flush()
	}
	clear(l.touched)
	l.touched = l.touched[:0]
	return batch
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

// queue queues the deliveries at their receivers.
func (l *lane) queue(batch []*Delivery) {
	for _, d := range batch {
		if r := d.Alone; r != nil && r.Lane() == l.index && r.AcceptOwn(d.position, d) {
			l.touched = append(l.touched, r)
		}
		for _, p := range d.Parts {
			for _, r := range p.To.lane(l.index) {
				if r.Accept(d.position, p.Dispatch) {
					l.touched = append(l.touched, r)
				}
			}
		}
	}
}
