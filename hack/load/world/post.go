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
	token, err := p.token(g)
	if err != nil {
		return 0, err
	}
	body, err := json.Marshal(map[string]string{"content": payload.Content(n)})
	if err != nil {
		return 0, err
	}
	url := fmt.Sprintf("%s/api/v10/channels/%s/messages", p.url, g.Channel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", token)
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return 0, fmt.Errorf("post message %d: %w", n, err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	answered = control.Now()
	if err != nil {
		return 0, fmt.Errorf("post message %d: %w", n, err)
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("post message %d: %s: %.200s", n, response.Status, answer)
	}
	return answered, nil
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
