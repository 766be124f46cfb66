package store

import (
	"errors"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Unavailable reports whether an error means that the primary is not there: it can't be reached, is shutting down or
// starting, or the connection broke. The same request may succeed soon.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func Unavailable(err error) bool {
	var connect *pgconn.ConnectError
	var pg *pgconn.PgError
	var network net.Error
	switch {
	case errors.As(err, &pg):
		return strings.HasPrefix(pg.Code, "57P") || pg.Code == "53300" // operator intervention; too many connections
	case errors.As(err, &connect), errors.As(err, &network):
		return true
	}
	return errors.Is(err, io.ErrUnexpectedEOF)
}
