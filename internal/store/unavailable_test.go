package store_test

import (
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/store"
)

func TestUnavailable(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"refused":       {&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, true},
		"cut":           {fmt.Errorf("read: %w", io.ErrUnexpectedEOF), true},
		"shutting down": {&pgconn.PgError{Code: "57P01"}, true},
		"a mistake":     {&pgconn.PgError{Code: "42601"}, false},
		"not found":     {store.ErrNotFound, false},
	} {
		if got := store.Unavailable(fmt.Errorf("insert: %w", c.err)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
