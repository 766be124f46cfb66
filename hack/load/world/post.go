package world

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
	"guildhall.chat/guildhall/internal/auth"
)

// tokenAge is how long a token is used, well within its life.
const tokenAge = auth.AccessLifetime / 3

// Poster posts messages through the API as the guilds' owners. Safe for concurrent use.
type Poster struct {
	world  *World
	url    string // of the API
	client *http.Client

	mu     sync.Mutex
	tokens map[Guild]token
}

type token struct {
	text string
	made time.Time
}

// Poster returns a poster to the API at the address, host:port, with at most so many requests at once.
func (w *World) Poster(addr string, parallel int) *Poster {
	return &Poster{
		world: w, url: "http://" + addr, tokens: map[Guild]token{},
		client: &http.Client{
			Timeout:   30 * time.Second,
			Transport: &http.Transport{MaxIdleConnsPerHost: parallel, MaxConnsPerHost: parallel, DisableCompression: true},
		},
	}
}

// Close ends the connections.
func (p *Poster) Close() { p.client.CloseIdleConnections() }

// Post posts message n to the guild's channel, and returns when it was answered, by control.Now.
func (p *Poster) Post(ctx context.Context, g Guild, n int) (answered int64, err error) {
	body, err := json.Marshal(map[string]string{"content": payload.Content(n)})
	if err != nil {
		return 0, err
	}
	if _, err := p.do(ctx, g, http.MethodPost, "/messages", bytes.NewReader(body)); err != nil {
		return 0, fmt.Errorf("post message %d: %w", n, err)
	}
	return control.Now(), nil
}

// Get reads the guild's channel, or what is below it: "/messages".
func (p *Poster) Get(ctx context.Context, g Guild, below string) ([]byte, error) {
	answer, err := p.do(ctx, g, http.MethodGet, below, nil)
	if err != nil {
		return nil, fmt.Errorf("get channel%s: %w", below, err)
	}
	return answer, nil
}

// maxAnswer is more than a page of messages.
const maxAnswer = 1 << 20

func (p *Poster) do(ctx context.Context, g Guild, method, below string, body io.Reader) ([]byte, error) {
	token, err := p.token(g)
	if err != nil {
		return nil, err
	}
	url := fmt.Sprintf("%s/api/v10/channels/%s%s", p.url, g.Channel, below)
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", response.Status, answer)
	}
	return answer, err
}

func (p *Poster) token(g Guild) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.tokens[g]; t.text != "" && time.Since(t.made) < tokenAge {
		return t.text, nil
	}
	text, err := p.world.Token(g.Owner)
	if err != nil {
		return "", err
	}
	p.tokens[g] = token{text, time.Now()}
	return text, nil
}
