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
		for len(batch) > 0 {
			n := min(len(batch), maxUnflushed)
			l.take(batch[:n])
			batch = batch[n:]
		}
	}
}

// take queues the deliveries at their receivers, and flushes these.
func (l *lane) take(batch []*Delivery) {
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
	for _, r := range l.touched {
		r.Flush()
	}
	clear(l.touched)
	l.touched = l.touched[:0]
}
