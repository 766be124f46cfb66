package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 1 << 20

// askTimeout bounds a question, and the wait for the answer to an order. An order that takes longer goes on without us:
// the next picture tells what became of it.
const askTimeout = 3 * time.Second

// Patroni speaks to the Patroni of instances.
// https://patroni.readthedocs.io/en/latest/rest_api.html
type Patroni struct{ Password string }

// pods goes straight to a pod, without proxies and redirects.
var pods = &http.Client{
	Transport: &http.Transport{
		DialContext:       (&net.Dialer{Timeout: askTimeout}).DialContext,
		DisableKeepAlives: true, // addresses change hands
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// status is what an instance says of itself.
type status struct {
	State          string `json:"state"`
	Role           string `json:"role"`
	PendingRestart bool   `json:"pending_restart"`
	Pause          bool   `json:"pause"`
	SystemID       string `json:"database_system_identifier"`
	Replication    []struct {
		Name  string `json:"application_name"`
		State string `json:"state"`
	} `json:"replication"`
}

// clusterView is what an instance knows of all.
type clusterView struct {
	Members []struct {
		Name string          `json:"name"`
		Role string          `json:"role"`
		Lag  json.RawMessage `json:"lag"` // bytes, or "unknown"
	} `json:"members"`
	Pause bool `json:"pause"`
}

// status asks the instance at addr about itself. A Patroni whose PostgreSQL does not run answers with an error's code and
// the same content.
func (p Patroni) status(ctx context.Context, addr string) (status, error) {
	var s status
	_, err := p.ask(ctx, addr, "/patroni", &s, http.StatusOK, http.StatusServiceUnavailable)
	return s, err
}

func (p Patroni) cluster(ctx context.Context, addr string) (clusterView, error) {
	var c clusterView
	_, err := p.ask(ctx, addr, "/cluster", &c, http.StatusOK)
	return c, err
}

// config returns the shared configuration; nil before there is one.
func (p Patroni) config(ctx context.Context, addr string) (map[string]any, error) {
	var c map[string]any
	code, err := p.ask(ctx, addr, "/config", &c, http.StatusOK, http.StatusBadGateway)
	if code == http.StatusBadGateway {
		return nil, nil
	}
	return c, err
}

// ask gets path into answer, and returns the status code, which is one of the good ones unless there is an error.
func (p Patroni) ask(ctx context.Context, addr, path string, answer any, good ...int) (int, error) {
	code, content, err := p.call(ctx, http.MethodGet, addr, path, nil)
	if err != nil {
		return 0, err
	}
	for _, g := range good {
		if code != g {
			continue
		}
		if err := json.Unmarshal(content, answer); err != nil && code == http.StatusOK {
			return code, fmt.Errorf("patroni of %s answers %s with what is no JSON: %w", addr, path, err)
		}
		return code, nil
	}
	return code, refused(addr, path, code, content)
}

// order has the instance at addr do something. It returns nil when that takes longer than the wait for the answer.
func (p Patroni) order(ctx context.Context, method, addr, path string, body any) error {
	code, content, err := p.call(ctx, method, addr, path, body)
	var timeout net.Error
	switch {
	case errors.As(err, &timeout) && timeout.Timeout() && ctx.Err() == nil:
		return nil
	case err != nil:
		return err
	case code >= 300:
		return refused(addr, path, code, content)
	}
	return nil
}

func refused(addr, path string, code int, content []byte) error {
	const quoted = 200
	text := strings.ToValidUTF8(string(content[:min(len(content), quoted)]), "")
	return fmt.Errorf("patroni of %s answers %s with %d: %s", addr, path, code, strings.TrimSpace(text))
}

func (p Patroni) call(ctx context.Context, method, addr, path string, body any) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var content io.Reader = http.NoBody
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return 0, nil, fmt.Errorf("encode a request to Patroni: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	url := "http://" + net.JoinHostPort(addr, strconv.Itoa(PatroniPort)) + path
	request, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return 0, nil, fmt.Errorf("ask Patroni of %s: %w", addr, err)
	}
	request.SetBasicAuth(PatroniUser, p.Password)
	response, err := pods.Do(request)
	if err != nil {
		return 0, nil, fmt.Errorf("ask Patroni of %s: %w", addr, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return 0, nil, fmt.Errorf("ask Patroni of %s: %w", addr, err)
	}
	return response.StatusCode, answer, nil
}
