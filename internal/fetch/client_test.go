package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func TestLoopbackIsOutOfReachUnlessAllowed(t *testing.T) {
	t.Parallel()
	asked := false
	url := serve(t, func(http.ResponseWriter, *http.Request) { asked = true })
	byName := strings.Replace(url, "127.0.0.1", "localhost", 1)
	for _, u := range []string{url, byName} {
		if _, err := New(nil).Do(t.Context(), Request{URL: u, MaxBytes: 10}); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want it refused", u, err)
		}
	}
	if asked {
		t.Error("the server was reached")
	}
	if _, err := New(loopback).Do(t.Context(), Request{URL: url, MaxBytes: 10}); err != nil {
		t.Errorf("allowed, and yet: %v", err)
	}
}

func TestURLsThatAreNoWebAddressAreRefused(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"", "file:///etc/passwd", "gopher://x/", "http://", "http://user:pass@example.com/", "//example.com", "http://a b/", "%"} {
		if _, err := New(loopback).Do(t.Context(), Request{URL: u, MaxBytes: 10}); !errors.Is(err, ErrRefused) {
			t.Errorf("%q: %v, want it refused", u, err)
		}
	}
}

func TestRequestCarriesWhatWasAskedForAndNothingElse(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "id", Value: "1"})
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %q %q %s", r.Method, body, r.Header.Get("X-A"), r.Header.Get("Cookie"), r.UserAgent())
	})
	c := New(loopback)
	for range 2 {
		r, err := c.Do(t.Context(), Request{
			Method: http.MethodPost, URL: url, Body: []byte("hello"), Header: http.Header{"X-A": {"b"}}, MaxBytes: 1000,
		})
		if err != nil {
			t.Fatal(err)
		}
		if want := `POST hello "b" "" ` + userAgent; string(r.Body) != want {
			t.Errorf("%s, want %s", r.Body, want)
		}
	}
}

func TestRedirectsAreBoundedAndJudged(t *testing.T) {
	t.Parallel()
	var url string
	url = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/0":
			_, _ = io.WriteString(w, "arrived")
		case "/out":
			http.Redirect(w, r, "http://10.0.0.1/", http.StatusFound)
		case "/file":
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		default:
			var n int
			_, _ = fmt.Sscanf(r.URL.Path, "/%d", &n)
			http.Redirect(w, r, fmt.Sprintf("%s/%d", url, n-1), http.StatusFound)
		}
	})
	c := New(loopback)
	get := func(path string) (*Response, error) {
		return c.Do(t.Context(), Request{URL: url + path, MaxBytes: 1000, MaxRedirects: 2})
	}
	if r, err := get("/2"); err != nil || string(r.Body) != "arrived" || r.URL.Path != "/0" {
		t.Errorf("two redirects: %+v, %v", r, err)
	}
	if r, err := get("/3"); err != nil || r.Status != http.StatusFound || r.URL.Path != "/1" {
		t.Errorf("three redirects: %+v, %v", r, err)
	}
	for _, path := range []string{"/out", "/file"} {
		if _, err := get(path); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want it refused", path, err)
		}
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/zip":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(bytes.Repeat([]byte("x"), 1<<20))
			_ = z.Close()
		case "/header":
			w.Header().Set("X-Long", strings.Repeat("x", maxHeader))
		default:
			_, _ = io.WriteString(w, "0123456789")
		}
	})
	c := New(loopback)
	do := func(path string, most int64, cut bool) (*Response, error) {
		return c.Do(t.Context(), Request{URL: url + path, MaxBytes: most, Cut: cut})
	}
	if r, err := do("/", 10, false); err != nil || string(r.Body) != "0123456789" {
		t.Errorf("an answer of just the size: %v", err)
	}
	if _, err := do("/", 9, false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte more: %v", err)
	}
	if r, err := do("/", 4, true); err != nil || string(r.Body) != "0123" {
		t.Errorf("cut: %v", err)
	}
	if _, err := do("/zip", 4096, false); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a megabyte in a few bytes: %v", err)
	}
	if _, err := do("/header", 10, false); err == nil {
		t.Error("a header of any size is taken")
	}
}

func TestContextEndsTheRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	if _, err := New(loopback).Do(ctx, Request{URL: url, MaxBytes: 10}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want it cancelled", err)
	}
}
