// Package frontdoor is the one port that clients of the local platform see, in the place of an ingress: WebSocket
// upgrades go to the shard router, all else to the api.
package frontdoor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// backendIdle is shorter than a backend's own idle timeout, so that no request goes out on a connection that the backend
// is just closing.
const backendIdle = 30 * time.Second

// Handler forwards to the backends at the addresses, host:port, of which there must be one of each kind.
func Handler(apis, routers []string, log *slog.Logger) http.Handler {
	api, router := proxy("api", apis, log), proxy("shard-router", routers, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := &body{ReadCloser: r.Body}
		r = r.WithContext(context.WithValue(r.Context(), bodyKey{}, b))
		r.Body = b
		if isWebSocket(r) && !isAPI(r.URL.Path) {
			router.ServeHTTP(w, r)
			return
		}
		api.ServeHTTP(w, r)
	})
}

// isWebSocket says whether r asks for an upgrade as of RFC 6455 section 4.1.
func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

func isAPI(path string) bool {
	return path == "/api" || strings.HasPrefix(path, "/api/")
}

func proxy(name string, addrs []string, log *slog.Logger) http.Handler {
	target := &url.URL{Scheme: "http", Host: name}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came: what is wrong in it, the backend judges
			r.Out.Host = r.In.Host
			r.SetXForwarded() // and drops the client's own: nothing is in front of this door
		},
		Transport: &http.Transport{
			DialContext:         dialAny(addrs),
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     backendIdle,
			DisableCompression:  true, // what the backend encoded passes as it is
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			switch {
			case r.Context().Err() != nil:
				panic(http.ErrAbortHandler) // the client has left: close
			case clientsFault(r):
				answer(w, http.StatusBadRequest)
			default:
				log.Warn("backend did not answer", "backend", name, "path", r.URL.Path, "error", err)
				answer(w, http.StatusBadGateway)
			}
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// dialAny returns a dialer that connects to one of the addresses that take connections, beginning at another each time.
func dialAny(addrs []string) func(ctx context.Context, network, host string) (net.Conn, error) {
	var dialer net.Dialer
	var turn atomic.Uint32
	return func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
		first := int(turn.Add(1) % uint32(len(addrs)))
		for i := range addrs {
			if conn, err = dialer.DialContext(ctx, network, addrs[(first+i)%len(addrs)]); err == nil {
				return conn, nil
			}
		}
		return nil, err
	}
}

// answer gives an error in the form of the API's, which is what client libraries parse.
// https://discord.com/developers/docs/reference#error-messages
func answer(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	}{fmt.Sprintf("%d: %s", status, http.StatusText(status)), 0})
}

// body remembers whether the client's body broke off, which is not the backend's fault.
type body struct {
	io.ReadCloser
	broken atomic.Bool
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.broken.Store(true)
	}
	return n, err
}

// bodyKey is the context's key of a request's body: what the proxy sends on is wrapped once more.
type bodyKey struct{}

func clientsFault(r *http.Request) bool {
	b, ok := r.Context().Value(bodyKey{}).(*body)
	return ok && b.broken.Load()
}

// NewServer returns a server of handler with the time-outs of a public port. Call its Serve.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
