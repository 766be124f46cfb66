package store_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/store"
)

// counted returns the value of a counter with one label.
func counted(t *testing.T, name, label string) (n float64) {
	t.Helper()
	families, err := metrics.Default.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == label {
				n = m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// Nobody but this test has a replica, so what it counts is its own.
func fromReplica(t *testing.T) float64 {
	return counted(t, "guildhall_postgres_reads_total", "replica")
}

// newest posts a message and returns what the newest page then begins with.
func (p *postOffice) newest(t *testing.T, content string) string {
	t.Helper()
	if err := p.post(t.Context(), p.guild, p.message(p.channels[0], content)); err != nil {
		t.Fatal(err)
	}
	page, err := p.Messages(t.Context(), store.MessagePage{Channel: p.channels[0], Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	if len(page) == 0 {
		return ""
	}
	return page[0].Content
}

// until posts and reads, ten times at least and until something has come about, and fails if any answer is older than what was
// posted.
func (p *postOffice) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for i, deadline := 0, time.Now().Add(3*time.Minute); i < 10 || !done(); i++ {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it does not come about", what)
		}
		if want := fmt.Sprint(what, " ", i); p.newest(t, want) != want {
			t.Fatalf("%s: %q is missing right after it was sent", what, want)
		}
	}
}

// untilMore is until a counter with one label has gone up.
func (p *postOffice) untilMore(t *testing.T, what, name, label string) {
	t.Helper()
	before := counted(t, name, label)
	p.until(t, what, func() bool { return counted(t, name, label) > before })
}

// Not parallel: what other tests write keeps the replica behind.
func TestReplicasAnswerAndNeverWithLessThanThePrimary(t *testing.T) {
	p := newPostOffice(t, 1)
	replica := pgtest.NewReplica(t, p.dsn)
	if err := p.ReadFrom(t.Context(), replica.DSN, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	const reads, fallbacks = "guildhall_postgres_reads_total", "guildhall_postgres_replica_fallbacks_total"
	p.untilMore(t, "a replica answers", reads, "replica")
	for i := range 100 {
		if want := fmt.Sprint("message ", i); p.newest(t, want) != want {
			t.Fatalf("%s is missing right after it was sent", want)
		}
	}

	replica.Pause(t)
	before := fromReplica(t)
	p.untilMore(t, "it is behind", fallbacks, "behind")
	if fromReplica(t) != before {
		t.Error("a replica that is behind counts as having answered")
	}
	replica.Resume(t)
	p.untilMore(t, "it has come up", reads, "replica")

	replica.Stop(t)
	p.untilMore(t, "it is gone", fallbacks, "failed")
	replica.Start(t)
	p.untilMore(t, "it is back", reads, "replica")

	// One that has gone a way of its own never answers again, whatever its position says.
	replica.Promote(t)
	before = fromReplica(t)
	p.untilMore(t, "it is another primary", fallbacks, "failed")
	if fromReplica(t) != before {
		t.Error("a server that follows nobody has answered")
	}
}

func TestAReplicaThatIsNotThereCostsNoError(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	if err := p.ReadFrom(t.Context(), "postgres://nobody@127.0.0.1:1/nowhere", slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if got := p.newest(t, "hello"); got != "hello" {
		t.Errorf("read %q", got)
	}
	if err := p.ReadFrom(t.Context(), "postgres://password@:bad:/", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a DSN that is none is taken")
	}
}
