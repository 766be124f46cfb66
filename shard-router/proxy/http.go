package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/codec"
)

// Bounds of the HTTP phase of a connection.
const (
	headerTimeout  = 10 * time.Second
	maxHeaderBytes = 16 << 10
	// maxHTTP is the most connections that are not upgraded yet.
	maxHTTP = 1024
	// retryAfter is what a refused client is told to wait, in seconds.
	retryAfter = "5"
)

// Server returns an HTTP server that accepts clients for the proxy, bounded as a public port has to be.
func (p *Proxy) Server() *http.Server {
	gate := gate{max: maxHTTP}
	return &http.Server{
		Handler:           p,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       headerTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         gate.connState,
	}
}

// ServeHTTP upgrades a client's request on / or /gateway and serves it in goroutines of its own. It returns at once: a
// handler that stays pins its buffers.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" && r.URL.Path != "/gateway" {
		writeError(w, http.StatusNotFound, "404: Not Found")
		return
	}
	if !isUpgrade(r) {
		p.metrics.refused(refusedNotUpgrade)
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Sec-WebSocket-Version", "13") // RFC 6455, section 4.4
		writeError(w, http.StatusUpgradeRequired, "This is a WebSocket endpoint: connect with a WebSocket client, version 13.")
		return
	}
	params, err := codec.Parse(r.URL.Query())
	var bad *codec.ParamsError
	if errors.As(err, &bad) && bad.Close == 0 {
		p.metrics.refused(refusedParams)
		writeError(w, http.StatusBadRequest, bad.Reason)
		return
	}

	select {
	case p.pending <- struct{}{}:
	default:
		p.refuseBusy(w, refusedPending)
		return
	}
	l := newLink(p, r, params)
	if reason := p.links.add(l); reason != "" {
		l.span.End()
		<-p.pending
		p.refuseBusy(w, reason)
		return
	}
	if err := l.upgrade(w, r); err != nil {
		l.span.End()
		p.log.Debug("upgrade failed", "client", l.addr, "error", err)
		p.metrics.refused(refusedProtocol)
		<-p.pending
		p.links.remove(l)
		return
	}
	go p.open(l, bad)
}

// refuseBusy answers 503 to a client that is to try again.
func (p *Proxy) refuseBusy(w http.ResponseWriter, reason string) {
	p.metrics.refused(reason)
	w.Header().Set("Retry-After", retryAfter)
	w.Header().Set("Connection", "close")
	writeError(w, http.StatusServiceUnavailable, "The gateway takes no more connections now. Try again.")
}

func isUpgrade(r *http.Request) bool {
	if r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1) || !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") ||
		r.Header.Get("Sec-WebSocket-Version") != "13" {
		return false
	}
	for _, header := range r.Header.Values("Connection") {
		for token := range strings.SplitSeq(header, ",") {
			if strings.EqualFold(strings.TrimSpace(token), "upgrade") {
				return true
			}
		}
	}
	return false
}

// upgrade takes the connection from the HTTP server and answers 101. permessage-deflate is never agreed to: it would
// make a connection's bytes depend on what was sent before.
func (l *link) upgrade(w http.ResponseWriter, r *http.Request) error {
	conn, rw, _, err := ws.HTTPUpgrader{Timeout: headerTimeout}.Upgrade(r, w)
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		_ = conn.Close()
		return fmt.Errorf("client connection is a %T, not TCP", conn)
	}
	l.start(tcp, rw.Reader)
	return nil
}

// writeError answers with an error as the REST API writes it.
func writeError(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A client that does not take the answer has gone.
	_ = json.NewEncoder(w).Encode(map[string]any{"message": message, "code": 0})
}
