package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

const userAgent = "Mozilla/5.0 (compatible; Guildhall/1.0; +https://guildhall.chat)"

// Bounds of every request; a caller's context may end it earlier.
const (
	maxTime     = 10 * time.Second
	maxDial     = 3 * time.Second
	maxHeader   = 64 << 10 // bytes of an answer's header
	maxPerHost  = 8        // connections
	maxIdle     = 64
	idleTimeout = 30 * time.Second
)

// ErrTooLarge is returned when an answer has more bytes than the request wants.
var ErrTooLarge = errors.New("answer is too large")

// Client makes requests. It is safe for concurrent use.
type Client struct{ http *http.Client }

// New returns a client that reaches public addresses and, on any port, those of the allowed networks.
func New(allowed []netip.Prefix) *Client {
	dialer := &net.Dialer{Timeout: maxDial, Control: newGuard(allowed).control}
	return &Client{http: &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    maxDial,
			MaxResponseHeaderBytes: maxHeader,
			MaxConnsPerHost:        maxPerHost,
			MaxIdleConns:           maxIdle,
			IdleConnTimeout:        idleTimeout,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: follow,
		Timeout:       maxTime,
	}}
}

// Request is one request.
type Request struct {
	Method string // "" is GET
	URL    string
	Header http.Header
	Body   []byte
	// MaxBytes bounds the answer, decompressed. A longer one is ErrTooLarge, or cut off there if Cut is set.
	MaxBytes int64
	Cut      bool
	// MaxRedirects is how many redirects are followed; the answer to a request beyond is the redirect itself.
	MaxRedirects int
}

// Response is the answer, read to its end.
type Response struct {
	Status int
	Header http.Header
	URL    *url.URL // where the answer came from after redirects
	Body   []byte
}

// Do makes a request and reads the answer, whatever its status is. The error wraps ErrRefused when the URL, or one that it
// redirects to, may not be requested, and ErrTooLarge when the answer is too large.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	ctx = context.WithValue(ctx, redirectsKey{}, r.MaxRedirects)
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := checkURL(req.URL); err != nil {
		return nil, err
	}
	if r.Header != nil {
		req.Header = r.Header.Clone()
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", userAgent)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := read(resp.Body, r.MaxBytes, r.Cut)
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s: %w", resp.Request.URL.Host, err)
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, URL: resp.Request.URL, Body: body}, nil
}

func read(from io.Reader, most int64, cut bool) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(from, most+1))
	switch {
	case err != nil:
		return nil, err
	case int64(len(body)) <= most:
		return body, nil
	case cut:
		return body[:most], nil
	}
	return nil, ErrTooLarge
}

type redirectsKey struct{}

// follow judges a redirect. The address is judged when it is dialled, like the first.
func follow(next *http.Request, before []*http.Request) error {
	if err := checkURL(next.URL); err != nil {
		return err
	}
	if most, _ := next.Context().Value(redirectsKey{}).(int); len(before) > most {
		return http.ErrUseLastResponse
	}
	return nil
}
