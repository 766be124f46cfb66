package mail

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// scripted fails as often as it is told and hands over what it delivers.
type scripted struct {
	failures  []error
	delivered chan Message
}

func (s *scripted) Deliver(_ context.Context, m Message) error {
	if len(s.failures) > 0 {
		err := s.failures[0]
		s.failures = s.failures[1:]
		return err
	}
	s.delivered <- m
	return nil
}

func newQueue(failures ...error) (*Queue, *scripted, *strings.Builder) {
	var log strings.Builder
	transport := &scripted{failures: failures, delivered: make(chan Message, 10)}
	q := NewQueue(transport, slog.New(slog.NewTextHandler(&log, nil)))
	q.pause = time.Millisecond
	return q, transport, &log
}

func TestQueueTriesAgain(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	q, transport, _ := newQueue(down, down)
	if err := q.Send(Message{To: "a@example.com"}); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { q.Run(ctx); close(done) }()
	if m := <-transport.delivered; m.To != "a@example.com" {
		t.Errorf("got %+v", m)
	}
	stop()
	<-done
}

func TestQueueGivesUpAndGoesOn(t *testing.T) {
	t.Parallel()
	down := errors.New("connection refused")
	q, transport, log := newQueue(ErrPermanent, down, down, down, down)
	for _, to := range []string{"refused@example.com", "unlucky@example.com", "last@example.com"} {
		if err := q.Send(Message{To: to, Subject: "Welcome", Text: "the-secret"}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { q.Run(ctx); close(done) }()
	if m := <-transport.delivered; m.To != "last@example.com" {
		t.Errorf("got %+v", m)
	}
	stop()
	<-done
	if n := strings.Count(log.String(), "mail was not delivered"); n != 2 || strings.Contains(log.String(), "the-secret") {
		t.Errorf("log:\n%s", log)
	}
}

func TestQueueIsBounded(t *testing.T) {
	t.Parallel()
	q, _, _ := newQueue()
	for range queued {
		if err := q.Send(Message{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Send(Message{}); !errors.Is(err, ErrFull) {
		t.Errorf("got %v", err)
	}
}

func TestQueueSendsWhatIsLeftWhenItStops(t *testing.T) {
	t.Parallel()
	q, transport, _ := newQueue()
	for range 3 {
		if err := q.Send(Message{}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	q.Run(ctx)
	if n := len(transport.delivered); n != 3 {
		t.Errorf("%d of 3 were delivered", n)
	}
}

func TestValidAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a@example.com": true, "first.last+tag@sub.example.org": true, "guildhall@localhost": true,
		"": false, "a": false, "@b": false, "a@": false, "a b@example.com": false, "<a@example.com>": false,
		"A <a@example.com>": false, "a@example.com\r\nBcc: b@example.com": false, "a@example.com, b@example.com": false,
		"ä@example.com": false, strings.Repeat("a", 251) + "@b.c": false,
	} {
		if got := ValidAddress(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
