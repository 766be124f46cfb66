package apitest

import (
	"context"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Statements returns the SQL of what the API asks Postgres while do runs, those of a batch one by one. Nothing else may use
// the world meanwhile.
func (w *World) Statements(do func()) []string {
	w.statements.take()
	do()
	return w.statements.take()
}

// statements is the tracer that notes every statement; pgx tells each of a batch by itself.
type statements struct {
	mu  sync.Mutex
	sql []string
}

func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.sql
	s.sql = nil
	return taken
}

func (s *statements) note(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sql = append(s.sql, sql)
}

// TraceQueryStart notes a statement.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	s.note(data.SQL)
	return ctx
}

// TraceQueryEnd is there for the interface.
func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart is there for the interface.
func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery notes a statement of a batch.
func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	s.note(data.SQL)
}

// TraceBatchEnd is there for the interface.
func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TraceCopyFromStart notes a COPY.
func (s *statements) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	s.note("copy " + data.TableName.Sanitize())
	return ctx
}

// TraceCopyFromEnd is there for the interface.
func (s *statements) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}
