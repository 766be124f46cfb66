// Package mail sends mail in the background, by SMTP or as files in a directory.
//
//	handler -> Queue.Send -> bounded queue -> one worker -> Transport (SMTP, Directory)
//
// A mail that can't be delivered is tried a few times and then logged and dropped: whoever waits for it can ask for another.
// Mails carry secrets, so that nothing of their text is ever logged.
package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"time"
)

// Message is a mail in plain ASCII text to one address.
type Message struct {
	To      string
	Subject string
	Text    string
}

// Transport delivers a message, or fails.
type Transport interface {
	Deliver(ctx context.Context, m Message) error
}

// ErrPermanent marks failures that another attempt would not change.
var ErrPermanent = errors.New("refused for good")

const (
	// queued bounds how many messages wait.
	queued = 1000
	// attempts is how often a message is tried.
	attempts = 4
	// firstPause is how long the second attempt waits; each later one twice as long as the one before.
	firstPause = 2 * time.Second
	// deliverTimeout bounds one attempt.
	deliverTimeout = 30 * time.Second
)

// ErrFull is returned when more messages wait than can be sent.
var ErrFull = errors.New("too many mails are waiting")

// Queue sends messages in the order in which they come.
type Queue struct {
	transport Transport
	log       *slog.Logger
	waiting   chan Message
	pause     time.Duration
}

// NewQueue returns a queue; its Run sends.
func NewQueue(transport Transport, log *slog.Logger) *Queue {
	return &Queue{transport: transport, log: log, waiting: make(chan Message, queued), pause: firstPause}
}

// Send queues a message and returns at once; ErrFull if there is no room.
func (q *Queue) Send(m Message) error {
	select {
	case q.waiting <- m:
		return nil
	default:
		dropped.Inc()
		return ErrFull
	}
}

// Run sends messages until ctx ends, and then what is still queued, once each, as far as that is quick.
func (q *Queue) Run(ctx context.Context) {
	for {
		select {
		case m := <-q.waiting:
			q.deliver(ctx, m)
		case <-ctx.Done():
			q.drain(context.WithoutCancel(ctx))
			return
		}
	}
}

// drainTimeout bounds how long a stop waits for mail.
const drainTimeout = 5 * time.Second

func (q *Queue) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for {
		select {
		case m := <-q.waiting:
			q.finish(m, q.attempt(ctx, m))
		default:
			return
		}
	}
}

func (q *Queue) deliver(ctx context.Context, m Message) {
	pause := q.pause
	for n := 1; ; n++ {
		err := q.attempt(context.WithoutCancel(ctx), m)
		if err == nil || n == attempts || errors.Is(err, ErrPermanent) {
			q.finish(m, err)
			return
		}
		q.log.Info("mail will be tried again", "subject", m.Subject, "attempt", n, "error", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			q.finish(m, q.attempt(context.WithoutCancel(ctx), m))
			return
		}
		pause *= 2
	}
}

func (q *Queue) attempt(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	return q.transport.Deliver(ctx, m)
}

func (q *Queue) finish(m Message, err error) {
	if err != nil {
		dropped.Inc()
		q.log.Error("mail was not delivered", "subject", m.Subject, "error", err)
		return
	}
	sent.Inc()
}

// ValidAddress reports whether text is a mail address alone, without a name or comments.
func ValidAddress(text string) bool {
	if len(text) > maxAddress {
		return false
	}
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Name == "" && parsed.Address == text
}

// maxAddress is in bytes. RFC 5321 section 4.5.3.1.3, without the angle brackets.
const maxAddress = 254

// checkSender makes a mistake in the configuration fail the start.
func checkSender(from string) error {
	if !ValidAddress(from) {
		return fmt.Errorf("sender %q is not a mail address", from)
	}
	return nil
}
