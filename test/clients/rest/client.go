// Package rest is a small REST client for the suites that drive a running platform from outside: it knows Discord's
// documented requests and nothing of the server's own packages. A request goes through Client.Do, which waits out rate
// limits as a library would; Client.Raw sends exactly what it is given, for tests of broken input.
package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// UserAgent has the form that Discord asks of bots.
// https://discord.com/developers/docs/reference#user-agent
const UserAgent = "DiscordBot (https://guildhall.chat, 1)"

// Client sends requests to one platform as one account. The zero HTTP client means http.DefaultClient.
type Client struct {
	Base          string // scheme and host, without a slash at the end
	Authorization string // value of the Authorization header, "" for none
	HTTP          *http.Client
}

// Response is an answer with its body read.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Error is an answer outside 200 to 299, with Discord's error code.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
type Error struct {
	Request string // method and path
	Status  int
	Code    int
	Message string
	Body    string
}

// Error tells the request and all of the answer, so that a failed test needs no second run.
func (e *Error) Error() string {
	return fmt.Sprintf("%s: status %d: %s", e.Request, e.Status, e.Body)
}

// Do sends body as JSON (nil for none) to path below /api/v10, repeats it as long as it is rate limited and ctx lives,
// and decodes the answer into out unless that is nil. An answer outside 200 to 299 is an *Error.
func (c *Client) Do(ctx context.Context, method, path string, body, out any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return fmt.Errorf("%s %s: encode: %w", method, path, err)
		}
	}
	for {
		header := http.Header{}
		if body != nil {
			header.Set("Content-Type", "application/json")
		}
		answer, err := c.Raw(ctx, method, "/api/v10"+path, header, payload)
		if err != nil {
			return err
		}
		if answer.Status == http.StatusTooManyRequests {
			if err := sleep(ctx, RetryAfter(answer)); err != nil {
				return fmt.Errorf("%s %s: rate limited: %w", method, path, err)
			}
			continue
		}
		if answer.Status < 200 || answer.Status > 299 {
			return asError(method+" "+path, answer)
		}
		if out == nil {
			return nil
		}
		if err := json.Unmarshal(answer.Body, out); err != nil {
			return fmt.Errorf("%s %s: decode %.300q: %w", method, path, answer.Body, err)
		}
		return nil
	}
}

// Raw sends payload (nil for none) to target, which is the request's path and query as they go on the wire, and
// returns whatever comes back. It repeats nothing.
func (c *Client) Raw(ctx context.Context, method, target string, header http.Header, payload []byte) (Response, error) {
	var reader io.Reader
	if payload != nil {
		reader = bytes.NewReader(payload)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Base+target, reader)
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: %w", method, target, err)
	}
	request.Header.Set("User-Agent", UserAgent)
	for key, values := range header {
		request.Header[key] = values
	}
	if c.Authorization != "" && header.Get("Authorization") == "" {
		request.Header.Set("Authorization", c.Authorization)
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	answer, err := client.Do(request)
	if err != nil {
		return Response{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		return Response{}, fmt.Errorf("%s %s: read the answer: %w", method, target, err)
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: data}, nil
}

// RetryAfter is how long a 429 asks to wait.
// https://discord.com/developers/docs/topics/rate-limits
func RetryAfter(r Response) time.Duration {
	var limit struct {
		RetryAfter float64 `json:"retry_after"`
	}
	if err := json.Unmarshal(r.Body, &limit); err != nil || limit.RetryAfter <= 0 {
		return time.Second
	}
	return time.Duration(limit.RetryAfter * float64(time.Second))
}

func asError(request string, r Response) *Error {
	e := &Error{Request: request, Status: r.Status, Body: strings.TrimSpace(string(r.Body))}
	var told struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	if json.Unmarshal(r.Body, &told) == nil {
		e.Code, e.Message = told.Code, told.Message
	}
	return e
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
