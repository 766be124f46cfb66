// Package control is how the conductor of a benchmark speaks with its child processes: orders as JSON lines on their
// standard input, reports as JSON lines on their standard output. A child ends when its input does.
package control

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Kinds of orders. All are for clients but Send and Listen.
const (
	Connect = "connect" // connect all clients; answered with Ready
	Capture = "capture" // write the next messages of the first client to a corpus; answered with Captured
	Return  = "return"  // from now on a client whose connection ends resumes at Targets, at once with all others; answered with Ready each time all are back
	Leave   = "leave"   // end all sessions; answered with Left
	Tell    = "tell"    // answered with Totals
	Send    = "send"    // for servers: send the next Count messages to all; answered with Sent
)

// Order is one line to a child.
type Order struct {
	Do      string   `json:"do"`
	Fleet   *Fleet   `json:"fleet,omitempty"`
	Path    string   `json:"path,omitempty"`
	Count   int      `json:"count,omitempty"`
	Targets []string `json:"targets,omitempty"`
}

// Protocols of clients.
const (
	Gateway    = "gateway"    // Guildhall's, up to READY
	Frames     = "frames"     // WebSocket messages as they come, from the bare writer
	Centrifuge = "centrifuge" // centrifugal's JSON protocol, subscribed to one channel
	Redis      = "redis"      // RESP, subscribed to one channel
	Handshake  = "handshake"  // WebSocket, no more
)

// Fleet describes the clients of one process.
type Fleet struct {
	Protocol string   `json:"protocol"`
	Targets  []string `json:"targets"` // host:port; the clients share them evenly
	Clients  int      `json:"clients"`
	Compress string   `json:"compress,omitempty"` // zlib-stream, zstd-stream
	// Parallel is how many connections may be on their way up to READY at once. 0: all.
	Parallel int `json:"parallel"`
	// Source picks the loopback addresses that the clients connect from; each process has its own.
	Source int `json:"source"`

	// Of gateway clients: the first account, those that share a guild, and where the signing keys are. The others of
	// the fleet, and of the guilds, are the following accounts.
	FirstUser uint64        `json:"first_user,omitempty"`
	PerGuild  int           `json:"per_guild,omitempty"` // 0: all are in one guild
	Secrets   string        `json:"secrets,omitempty"`
	Heartbeat time.Duration `json:"heartbeat,omitempty"` // what HELLO will say

	// Corpus is a file of what peers send, again and again. Without it, messages follow payload.Content.
	Corpus string `json:"corpus,omitempty"`
}

// Kinds of reports.
const (
	Listening = "listening" // a server is up at Addr
	Ready     = "ready"     // all clients are in place, at the time At
	Have      = "have"      // all clients that should have them have Messages
	Captured  = "captured"
	Sent      = "sent"
	Left      = "left"
	Totals    = "totals"   // answer to Tell
	Progress  = "progress" // Totals unasked, every second
	GaveUp    = "gave-up"  // a client is lost for good, as Text says
	Fault     = "fault"    // Text says what went wrong; also counted in Totals, so only the first are told
)

// Message says when the last client received a message.
type Message struct {
	Number int   `json:"n"`
	At     int64 `json:"at"` // nanoseconds of Now
}

// Report is one line from a child.
type Report struct {
	Is       string    `json:"is"`
	At       int64     `json:"at,omitempty"` // nanoseconds of Now
	Addr     string    `json:"addr,omitempty"`
	Text     string    `json:"text,omitempty"`
	Messages []Message `json:"messages,omitempty"`
	Totals   *Counts   `json:"totals,omitempty"`
}

// Counts are what the clients of a process have seen so far.
type Counts struct {
	Connected int `json:"connected"` // now
	Ready     int `json:"ready"`     // now
	Delivered int `json:"delivered"` // messages, each verified
	Bytes     int `json:"bytes"`     // received

	Lost       int `json:"lost"`       // messages that a client never got though it got later ones
	Duplicated int `json:"duplicated"` // messages that a client got twice
	Disordered int `json:"disordered"` // messages, or sequence numbers, out of order
	Damaged    int `json:"damaged"`    // messages that are not what was sent, and what could not be decoded

	Dropped int `json:"dropped"` // connections that the server ended
	Failed  int `json:"failed"`  // attempts that did not come to READY
	Invalid int `json:"invalid"` // sessions that were told Invalid Session
	Resumed int `json:"resumed"`

	Heartbeats int `json:"heartbeats"`
	Unanswered int `json:"unanswered"` // heartbeats that were not acknowledged before the next

	// Order is a hash of the order of the messages that all clients have, to be compared with that of other processes.
	Order uint64 `json:"order"`
}

// Add adds the counts of another process.
func (c *Counts) Add(o Counts) {
	c.Connected += o.Connected
	c.Ready += o.Ready
	c.Delivered += o.Delivered
	c.Bytes += o.Bytes
	c.Lost += o.Lost
	c.Duplicated += o.Duplicated
	c.Disordered += o.Disordered
	c.Damaged += o.Damaged
	c.Dropped += o.Dropped
	c.Failed += o.Failed
	c.Invalid += o.Invalid
	c.Resumed += o.Resumed
	c.Heartbeats += o.Heartbeats
	c.Unanswered += o.Unanswered
}

// Wrong describes what of the deliveries was not as it should be, or is empty.
func (c Counts) Wrong() string {
	if c.Lost+c.Duplicated+c.Disordered+c.Damaged == 0 {
		return ""
	}
	return fmt.Sprintf("%d lost, %d duplicated, %d out of order, %d damaged", c.Lost, c.Duplicated, c.Disordered, c.Damaged)
}

// Reporter writes reports. Safe for concurrent use.
type Reporter struct {
	mu      sync.Mutex
	encoder *json.Encoder
}

// NewReporter returns a reporter to w.
func NewReporter(w io.Writer) *Reporter { return &Reporter{encoder: json.NewEncoder(w)} }

// Report writes a report. Who can't be told has gone, and then our input ends as well.
func (r *Reporter) Report(report Report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.encoder.Encode(report)
}

// Serve hands the orders from standard input to obey, one after the other, until the input or ctx ends.
func Serve(ctx context.Context, obey func(Order) error) error {
	orders := make(chan Order)
	failed := make(chan error, 1)
	go func() {
		defer close(orders)
		lines := bufio.NewScanner(os.Stdin)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var order Order
			if err := json.Unmarshal(lines.Bytes(), &order); err != nil {
				failed <- fmt.Errorf("order %q: %w", lines.Text(), err)
				return
			}
			select {
			case orders <- order:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case order, more := <-orders:
			if !more {
				select {
				case err := <-failed:
					return err
				default:
					return nil
				}
			}
			if err := obey(order); err != nil {
				return fmt.Errorf("%s: %w", order.Do, err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}
