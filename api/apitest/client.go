package apitest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Client makes requests as one account.
type Client struct {
	ID            snowflake.ID
	ApplicationID snowflake.ID // of a bot
	Authorization string
	Header        http.Header // sent with each request

	world *World
}

// Answer is what came back.
type Answer struct {
	Status int
	Body   []byte
}

// Do makes a request; path is below /api/v10 and a body that is no []byte is sent as JSON.
func (c *Client) Do(t testing.TB, method, path string, body any) Answer {
	t.Helper()
	encoded, raw := body.([]byte)
	if body != nil && !raw {
		var err error
		encoded, err = json.Marshal(body)
		must(t, err)
	}
	request := httptest.NewRequestWithContext(t.Context(), method, "/api/v10"+path, bytes.NewReader(encoded))
	for key, values := range c.Header {
		request.Header[key] = values
	}
	if body != nil && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Authorization != "" {
		request.Header.Set("Authorization", c.Authorization)
	}
	recorder := httptest.NewRecorder()
	c.world.handler.ServeHTTP(recorder, request)
	return Answer{recorder.Code, recorder.Body.Bytes()}
}

// Must makes a request that is answered with a status of 2xx and decodes the answer into out, unless that is nil.
func (c *Client) Must(t testing.TB, method, path string, body, out any) {
	t.Helper()
	answer := c.Do(t, method, path, body)
	if answer.Status/100 != 2 {
		t.Fatalf("%s %s: %d %s", method, path, answer.Status, answer.Body)
	}
	if out != nil {
		must(t, json.Unmarshal(answer.Body, out))
	}
}

// Fails makes a request that is answered with the error.
func (c *Client) Fails(t testing.TB, method, path string, body any, want *discord.Error) {
	t.Helper()
	answer := c.Do(t, method, path, body)
	var got discord.Error
	if err := json.Unmarshal(answer.Body, &got); err != nil || answer.Status != want.Status || got.Code != want.Code {
		t.Errorf("%s %s: %d %s, expected %d with code %d", method, path, answer.Status, answer.Body, want.Status, want.Code)
	}
}

// Fetch makes a request outside the API, as whoever has a link does.
func (w *World) Fetch(t testing.TB, method, path string, header http.Header, body []byte) *http.Response {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
	for key, values := range header {
		request.Header[key] = values
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, request)
	return recorder.Result()
}
