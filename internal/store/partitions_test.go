package store_test

import (
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func (p *postOffice) count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	if err := p.db.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (p *postOffice) emit(t testing.TB, n int) {
	t.Helper()
	err := p.Change(t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if err := tx.Emit(p.guild, events.Header{Type: "TEST"}, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// relayed tells the store that everything committed so far has been published.
func (p *postOffice) relayed(t testing.TB) {
	t.Helper()
	// A transaction of any database on the server holds the mark back, and the other tests have some.
	for range 3000 {
		_, mark, err := p.HeadsSince(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if p.count(t, `select count(*) from outbox where xid >= $1::text::xid8`, string(mark)) > 0 {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err := p.SaveMark(t.Context(), mark); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the mark does not get past what was committed")
}

func TestFirstRowsFindTheirPartitions(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	p.emit(t, 3)
	if err := p.post(t.Context(), p.guild, p.message(p.channels[0], "x")); err != nil {
		t.Fatal(err)
	}
	if n := p.count(t, `select (select count(*) from outbox_default) + (select count(*) from messages_default)`); n != 0 {
		t.Errorf("%d rows are in the default partitions", n)
	}
}

func TestOutboxIsDroppedOnceItIsOldAndSent(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	now := time.Now()
	p.emit(t, 3)
	later := now.Add(24 * time.Hour)
	if dropped, err := p.DropOutbox(t.Context(), later); err != nil || p.count(t, `select count(*) from outbox`) != 3 {
		t.Fatalf("what nobody has sent yet is gone: %d slices dropped, %v", dropped, err)
	}
	p.relayed(t)
	if _, err := p.DropOutbox(t.Context(), now.Add(-time.Minute)); err != nil || p.count(t, `select count(*) from outbox`) != 3 {
		t.Fatalf("what is not old enough is gone, %v", err)
	}
	dropped, err := p.DropOutbox(t.Context(), later)
	if err != nil || dropped == 0 || p.count(t, `select count(*) from outbox`) != 0 {
		t.Errorf("%d slices dropped, %v", dropped, err)
	}
	// The log goes on, wherever its events are kept.
	p.emit(t, 2)
	evs, err := p.Outbox(t.Context(), p.guild, 0, 10)
	if err != nil || len(evs) != 2 || evs[0].Seq != 4 {
		t.Errorf("%+v, %v", evs, err)
	}
}

func TestPartitionsAreMadeAhead(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	partitions := func(of string) int {
		return p.count(t, `select count(*) from pg_inherits where inhparent = $1::regclass`, of)
	}
	outbox, messages := partitions("outbox"), partitions("messages")
	month := time.Now().AddDate(0, 3, 0)
	for range 2 { // again does nothing
		if err := p.MakePartitions(t.Context(), month); err != nil {
			t.Fatal(err)
		}
	}
	if partitions("outbox") != outbox+12 || partitions("messages") < messages+2 {
		t.Errorf("%d and %d partitions, before %d and %d", partitions("outbox"), partitions("messages"), outbox, messages)
	}
	at := snowflake.FromTime(month)
	p.exec(t, `insert into messages (id, channel_id, author_id) values ($1, 1, 1)`, at)
	p.exec(t, `insert into outbox (log_id, seq, created_at, event) values (1, 1, $1, '')`, month)
	if n := p.count(t, `select (select count(*) from outbox_default) + (select count(*) from messages_default)`); n != 0 {
		t.Errorf("%d rows are in the default partitions", n)
	}
}

// Rows that came before their partition stay where they are, and go when their time is over.
func TestRowsOfTheDefaultPartitionAreNotLost(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	month := time.Now().AddDate(1, 0, 0)
	at := snowflake.FromTime(month)
	p.exec(t, `insert into messages (id, channel_id, author_id) values ($1, 1, 1)`, at)
	p.exec(t, `insert into outbox (log_id, seq, created_at, event) select 1, n, $1, '' from generate_series(1, 2500) n`, month)
	if err := p.MakePartitions(t.Context(), month); err != nil {
		t.Fatal(err)
	}
	p.exec(t, `insert into messages (id, channel_id, author_id) values ($1, 1, 1)`, at+1)
	if n := p.count(t, `select count(*) from messages where channel_id = 1`); n != 2 {
		t.Errorf("%d messages", n)
	}
	evs := p.count(t, `select count(*) from outbox where log_id = 1`)
	if _, err := p.DropOutbox(t.Context(), month.Add(time.Hour)); err != nil || p.count(t, `select count(*) from outbox where log_id = 1`) != evs {
		t.Fatalf("what nobody has sent yet is gone, %v", err)
	}
	p.relayed(t)
	if _, err := p.DropOutbox(t.Context(), month.Add(time.Hour)); err != nil || p.count(t, `select count(*) from outbox where log_id = 1`) != 0 {
		t.Errorf("the default partition was not cleaned, %v", err)
	}
}

func TestExpireRecords(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	for code, expires := range map[string]any{"old": time.Now().Add(-time.Hour), "new": time.Now().Add(time.Hour), "always": nil} {
		p.exec(t, `insert into invites (code, guild_id, channel_id, inviter_id, max_age, max_uses, expires_at)
			values ($1, $2, $3, $4, 0, 0, $5)`, code, p.guild, p.channels[0], p.author.ID, expires)
	}
	old := snowflake.FromTime(time.Now().AddDate(0, 0, -46))
	p.exec(t, `insert into audit_log (id, guild_id, action) select $1::bigint + n, $2, 1 from generate_series(1, 2500) n`, old, p.guild)
	p.exec(t, `insert into audit_log (id, guild_id, action) values ($1, $2, 1)`, p.NewID(), p.guild)
	if removed, err := p.ExpireRecords(t.Context()); err != nil || removed != 2501 {
		t.Errorf("%d rows removed, %v", removed, err)
	}
	if n := p.count(t, `select count(*) from invites where code <> 'old'`); n != 2 || p.count(t, `select count(*) from audit_log`) != 1 {
		t.Errorf("%d invites are left", n)
	}
}
