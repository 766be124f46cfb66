package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestSessionsAreAddedUp(t *testing.T) {
	t.Parallel()
	pod := func(answer string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, answer) }))
		t.Cleanup(server.Close)
		return server.Listener.Addr().String()
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	addrs := []string{
		pod("# TYPE guildhall_gateway_sessions gauge\nguildhall_gateway_sessions 12\nother 3\n"),
		pod("# TYPE guildhall_gateway_sessions gauge\nguildhall_gateway_sessions 1e3\n"),
		pod("nothing of the kind"), pod(""), gone.Listener.Addr().String(),
	}
	if n := Sessions(t.Context(), addrs); n != 1012 {
		t.Errorf("%d sessions", n)
	}
}
