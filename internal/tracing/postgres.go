package tracing

import (
	"context"
	"errors"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Postgres returns what makes a span of each statement and batch that is run for something recorded, nil while tracing is
// off. Spans have the statement's text, never its arguments.
func Postgres() pgx.QueryTracer {
	if !On() {
		return nil
	}
	// Details of the connection are the same in every span, and copying them costs more than the span.
	return postgres{otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes())}
}

// postgres keeps otelpgx from what costs something when nothing is recorded, and from the texts of errors, which may quote
// values.
type postgres struct{ of *otelpgx.Tracer }

var (
	_ pgx.BatchTracer       = postgres{}
	_ pgxpool.AcquireTracer = postgres{}
)

func (p postgres) TraceQueryStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !Recording(ctx) {
		return ctx
	}
	return p.of.TraceQueryStart(ctx, conn, data)
}

func (p postgres) TraceQueryEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceQueryEndData) {
	if Recording(ctx) {
		data.Err = bare(data.Err)
		p.of.TraceQueryEnd(ctx, conn, data)
	}
}

func (p postgres) TraceBatchStart(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	if !Recording(ctx) {
		return ctx
	}
	return p.of.TraceBatchStart(ctx, conn, data)
}

func (p postgres) TraceBatchQuery(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchQueryData) {
	if Recording(ctx) {
		data.Err = bare(data.Err)
		p.of.TraceBatchQuery(ctx, conn, data)
	}
}

func (p postgres) TraceBatchEnd(ctx context.Context, conn *pgx.Conn, data pgx.TraceBatchEndData) {
	if Recording(ctx) {
		data.Err = bare(data.Err)
		p.of.TraceBatchEnd(ctx, conn, data)
	}
}

// noticeable is how long a connection has to be waited for to have a span. Mostly there is one, and a span would say nothing.
const noticeable = time.Millisecond

// acquireKey is under which a context has when a connection was asked for.
type acquireKey struct{}

func (postgres) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	if !Recording(ctx) {
		return ctx
	}
	return context.WithValue(ctx, acquireKey{}, time.Now())
}

func (postgres) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	asked, recorded := ctx.Value(acquireKey{}).(time.Time)
	if !recorded || time.Since(asked) < noticeable {
		return
	}
	_, span := Begin(ctx, "wait for a connection", trace.WithTimestamp(asked))
	if data.Err != nil {
		span.SetStatus(codes.Error, "none was had")
	}
	span.End()
}

// bare returns an error of Postgres with nothing but its code.
func bare(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return &pgconn.PgError{Severity: pg.Severity, Code: pg.Code, Message: "see the log of Postgres"}
	}
	return err
}
