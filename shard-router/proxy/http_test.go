package proxy

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/gorilla/websocket"
)

// upgradeRequest is a GET with the headers of a WebSocket client, and those given beside or instead.
func upgradeRequest(t *testing.T, url string, headers map[string]string) *http.Request {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range map[string]string{
		"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
		"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
	} {
		request.Header.Set(key, value)
	}
	for key, value := range headers {
		request.Header.Set(key, value)
	}
	return request
}

func TestOtherRequestsGetAnErrorInJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, test := range []struct {
		name, path string
		headers    map[string]string
		status     int
	}{
		{"another path", "/api", nil, 404},
		{"not an upgrade", "/", map[string]string{"Upgrade": ""}, 426},
		{"upgrade to something else", "/gateway", map[string]string{"Upgrade": "h2c"}, 426},
		{"connection without upgrade", "/", map[string]string{"Connection": "keep-alive"}, 426},
		{"another version", "/", map[string]string{"Sec-WebSocket-Version": "8"}, 426},
		{"compression that would not be understood", "/?v=10&compress=gzip", nil, 400},
	} {
		response, err := client.Do(upgradeRequest(t, "http://"+r.addr+test.path, test.headers))
		if err != nil {
			t.Fatal(err)
		}
		var body struct {
			Message string `json:"message"`
			Code    *int   `json:"code"`
		}
		err = json.NewDecoder(response.Body).Decode(&body)
		_ = response.Body.Close()
		if response.StatusCode != test.status || err != nil || body.Message == "" || body.Code == nil {
			t.Errorf("%s: got %d %+v, %v; want %d", test.name, response.StatusCode, body, err, test.status)
		}
		if test.status == 426 && response.Header.Get("Sec-WebSocket-Version") != "13" {
			t.Errorf("%s: the version that is understood is not named: %v", test.name, response.Header)
		}
	}
}

func TestBadKeyIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	request := upgradeRequest(t, "http://"+r.addr+"/", map[string]string{"Sec-WebSocket-Key": "short"})
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("got %d", response.StatusCode)
	}
}

func TestPermessageDeflateIsNotAgreedTo(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	dialer := websocket.Dialer{EnableCompression: true}
	conn, response, err := dialer.DialContext(t.Context(), "ws://"+r.addr+"/gateway", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if got := response.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("agreed to %s", got)
	}
}

func TestBoundsAreAnsweredWith503(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		configure func(*Config)
		metric    string
	}{
		"pending":     {func(c *Config) { c.Limits.Pending = 1 }, refusedPending},
		"connections": {func(c *Config) { c.Limits.Connections = 1 }, refusedFull},
	} {
		r := newRig(t, nil, test.configure)
		first := r.greeted(t)
		_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.addr, nil)
		if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
			t.Errorf("%s: got %v, %v; want 503 with Retry-After", name, response, err)
		}
		if got := r.metric(t, "guildhall_router_refusals_total", test.metric); got != 1 {
			t.Errorf("%s: counted %v as %s", name, got, test.metric)
		}
		write(t, first, `{"op":1,"d":null}`)
		read(t, first) // who is in stays
		_ = first.Close()
		waitFor(t, func() bool {
			conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.addr, nil)
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
	}
}

func TestConnectionsWithoutARequestAreBounded(t *testing.T) {
	t.Parallel()
	gate := gate{max: 2}
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = gate.connState
	server.Start()
	t.Cleanup(server.Close)
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	idle := []net.Conn{dial(), dial()}
	waitFor(t, func() bool { return gate.open.Load() == 2 })
	if n, err := dial().Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("the third connection stays: %d, %v", n, err)
	}
	_ = idle[0].Close()
	waitFor(t, func() bool { return gate.open.Load() == 1 })
	if response, err := http.Get(server.URL); err != nil {
		t.Errorf("a free place was not given: %v", err)
	} else {
		_ = response.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestClientAddr(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, test := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"192.0.2.1:5", nil, "192.0.2.1"},
		{"192.0.2.1:5", []string{"198.51.100.7"}, "192.0.2.1"},
		{"10.1.1.1:5", nil, "10.1.1.1"},
		{"10.1.1.1:5", []string{"198.51.100.7"}, "198.51.100.7"},
		{"[::ffff:10.1.1.1]:5", []string{"198.51.100.7"}, "198.51.100.7"},
		{"10.1.1.1:5", []string{"6.6.6.6, 198.51.100.7"}, "198.51.100.7"},
		{"10.1.1.1:5", []string{"6.6.6.6", "198.51.100.7, 10.2.2.2"}, "198.51.100.7"},
		{"[::1]:5", []string{"2001:db8::1%eth0"}, "2001:db8::1"},
		{"10.1.1.1:5", []string{"198.51.100.7, nonsense"}, "10.1.1.1"},
	} {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.RemoteAddr = test.peer
		request.Header["X-Forwarded-For"] = test.forwarded
		if got := clientAddr(request, trusted).String(); got != test.want {
			t.Errorf("%s forwarding %q: got %s, want %s", test.peer, test.forwarded, got, test.want)
		}
	}
}
