package frontdoor

import (
	"bufio"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// backend answers requests with its name, path, query and X-Forwarded-For, and echoes WebSocket messages after such a
// line.
func backend(t *testing.T, name string) string {
	t.Helper()
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := name + " " + r.Host + " " + r.URL.String() + " for " + r.Header.Get("X-Forwarded-For")
		if r.Header.Get("Upgrade") == "" {
			_, _ = io.WriteString(w, line)
			return
		}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Errorf("upgrade: %v", err)
			return
		}
		defer func() { _ = conn.Close() }()
		message := []byte(line)
		for err == nil {
			if err = conn.WriteMessage(websocket.TextMessage, message); err == nil {
				_, message, err = conn.ReadMessage()
			}
		}
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func door(t *testing.T, apiAddr, routerAddr string) string {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewServer(Handler([]string{apiAddr}, []string{routerAddr}, log), log)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", "6.6.6.6") // a client's own claim
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func TestRequestsGoToTheAPI(t *testing.T) {
	t.Parallel()
	addr := door(t, backend(t, "api"), backend(t, "router"))
	for _, path := range []string{"/api/v10/gateway?a=b;c", "/", "/apiary", "/invite/x%2Fy"} {
		if _, body := get(t, "http://"+addr+path); body != "api "+addr+" "+path+" for 127.0.0.1" {
			t.Errorf("%s: %s", path, body)
		}
	}
}

func TestUpgradesGoToTheRouterAndStayOpen(t *testing.T) {
	t.Parallel()
	addr := door(t, backend(t, "api"), backend(t, "router"))
	for path, want := range map[string]string{"/?v=10&encoding=json": "router", "/gateway": "router", "/apiary": "router", "/api/v10/x": "api"} {
		conn, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		for i, message := range []string{want + " " + addr + " " + path + " for 127.0.0.1", "second", "third"} {
			if i > 0 {
				if err := conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
					t.Fatal(err)
				}
			}
			if _, got, err := conn.ReadMessage(); err != nil || string(got) != message {
				t.Errorf("%s: %q, %v", path, got, err)
			}
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDeadBackendIsBadGatewayInAPIForm(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	addr := door(t, gone.Listener.Addr().String(), gone.Listener.Addr().String())
	response, body := get(t, "http://"+addr+"/api/v10/users/@me")
	var parsed struct {
		Message *string
		Code    *int
	}
	if err := json.Unmarshal([]byte(body), &parsed); err != nil || parsed.Message == nil || parsed.Code == nil || *parsed.Code != 0 {
		t.Errorf("body %q: %v", body, err)
	}
	if response.StatusCode != http.StatusBadGateway || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json") {
		t.Errorf("%d %s", response.StatusCode, response.Header.Get("Content-Type"))
	}
	_, refused, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+addr+"/", nil)
	if err == nil || refused == nil || refused.StatusCode != http.StatusBadGateway {
		t.Errorf("upgrade: %v", err)
	}
}

func TestBrokenBodyIsTheClientsFault(t *testing.T) {
	t.Parallel()
	api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	t.Cleanup(api.Close)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", door(t, api.Listener.Addr().String(), "127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const broken = "POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
	if _, err := io.WriteString(conn, broken); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestABackendThatIsAwayIsPassedOver(t *testing.T) {
	t.Parallel()
	away, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := away.Close(); err != nil {
		t.Fatal(err)
	}
	dial := dialAny([]string{away.Addr().String(), backend(t, "a"), backend(t, "b")})
	reached := map[string]bool{}
	for range 9 {
		conn, err := dial(t.Context(), "tcp", "whatever:80")
		if err != nil {
			t.Fatal(err)
		}
		reached[conn.RemoteAddr().String()] = true
		_ = conn.Close()
	}
	if len(reached) != 2 {
		t.Errorf("connections went to %v", reached)
	}
	if _, err := dialAny([]string{away.Addr().String()})(t.Context(), "tcp", "whatever:80"); err == nil {
		t.Error("connected to nobody")
	}
}
