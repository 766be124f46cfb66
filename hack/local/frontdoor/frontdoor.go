// Package frontdoor is the one port that clients of the local platform see, in the place of an ingress: WebSocket
// upgrades go to the shard router, all else to the api.
package frontdoor

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// backendIdle is shorter than a backend's own idle timeout, so that no request goes out on a connection that the backend
// is just closing.
const backendIdle = 30 * time.Second

// Handler forwards to the backends at the addresses, host:port.
func Handler(apiAddr, routerAddr string, log *slog.Logger) http.Handler {
	api, router := proxy("api", apiAddr, log), proxy("shard-router", routerAddr, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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

func proxy(name, addr string, log *slog.Logger) http.Handler {
	target := &url.URL{Scheme: "http", Host: addr}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.RawQuery = r.In.URL.RawQuery // as it came: what is wrong in it, the backend judges
			r.Out.Host = r.In.Host
			r.SetXForwarded() // and drops the client's own: nothing is in front of this door
		},
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     backendIdle,
			DisableCompression:  true, // what the backend encoded passes as it is
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil { // else the client left
				log.Warn("backend did not answer", "backend", name, "path", r.URL.Path, "error", err)
			}
			badGateway(w)
		},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// badGateway answers in the form of an API error, which is what client libraries parse.
// https://discord.com/developers/docs/reference#error-messages
func badGateway(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadGateway)
	_ = json.NewEncoder(w).Encode(struct {
		Message string `json:"message"`
		Code    int    `json:"code"`
	}{"502: Bad Gateway", 0})
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
