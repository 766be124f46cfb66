// Package outgoing sends to applications by HTTP, signed with the key that each of them has: interactions, which are answered
// at once, and events of the application, which wait in a queue until they are taken (Queue).
//
// An application verifies the signature with its verify_key. Before a URL is used the first time, Probe asks whether whoever
// answers there does.
// https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint
package outgoing

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.40.0"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
	"guildhall.chat/guildhall/internal/tracing"
)

const (
	// maxAnswer bounds what an application answers, in bytes: a message without files.
	maxAnswer = 1 << 20
	// patience is how long a probe or an event waits for its answer.
	patience  = 3 * time.Second
	userAgent = "Guildhall-Interactions/1.0 (+https://guildhall.chat)"
)

// Sender signs and posts.
type Sender struct {
	store *store.Store
	fetch *fetch.Client
}

// New returns a sender.
func New(s *store.Store, f *fetch.Client) *Sender { return &Sender{store: s, fetch: f} }

// Post sends a body to a URL of an application and returns the answer, whatever its status is.
func (s *Sender) Post(ctx context.Context, app snowflake.ID, url string, body []byte) (*fetch.Response, error) {
	key, err := s.store.ApplicationKey(ctx, app)
	if err != nil {
		return nil, err
	}
	return s.post(ctx, key, url, body)
}

func (s *Sender) post(ctx context.Context, key ed25519.PrivateKey, url string, body []byte) (*fetch.Response, error) {
	ctx, span := tracing.Begin(ctx, "post to application", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	at := strconv.FormatInt(time.Now().Unix(), 10)
	signature := ed25519.Sign(key, append([]byte(at), body...))
	header := http.Header{
		"Content-Type":          {"application/json"},
		"User-Agent":            {userAgent},
		"X-Signature-Ed25519":   {hex.EncodeToString(signature)},
		"X-Signature-Timestamp": {at},
	}
	tracing.CarryIn(ctx, header)
	answer, err := s.fetch.Do(ctx, fetch.Request{
		Method: http.MethodPost, URL: url, Body: body, MaxBytes: maxAnswer, Header: header,
	})
	switch {
	case err != nil:
		span.SetStatus(codes.Error, "no answer")
	case span.IsRecording():
		span.SetAttributes(semconv.HTTPResponseStatusCode(answer.Status))
	}
	return answer, err
}

// ErrNotVerified is returned by Probe when the URL does not answer as an application does.
var ErrNotVerified = errors.New("the endpoint did not answer as it should")

// Probe sends a ping that is signed as it should be, which must be accepted, and one that is not, which must be refused.
func (s *Sender) Probe(ctx context.Context, app snowflake.ID, url string, ping any, accepted func(*fetch.Response) bool) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	body, err := json.Marshal(ping)
	if err != nil {
		return err
	}
	key, err := s.store.ApplicationKey(ctx, app)
	if err != nil {
		return err
	}
	answer, err := s.post(ctx, key, url, body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotVerified, err)
	}
	if !accepted(answer) {
		return fmt.Errorf("%w: status %d to a ping", ErrNotVerified, answer.Status)
	}
	_, other, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	answer, err = s.post(ctx, other, url, body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotVerified, err)
	}
	if answer.Status != http.StatusUnauthorized {
		return fmt.Errorf("%w: status %d to a wrong signature", ErrNotVerified, answer.Status)
	}
	return nil
}

// ProbeInteractions checks that interactions can be sent to a URL.
// https://discord.com/developers/docs/interactions/overview#validating-security-request-headers
func (s *Sender) ProbeInteractions(ctx context.Context, app snowflake.ID, url string) error {
	ping := map[string]any{
		"id": s.store.NewID(), "application_id": app, "type": 1, "version": 1, "token": "", "entitlements": []any{},
	}
	return s.Probe(ctx, app, url, ping, func(answer *fetch.Response) bool {
		var pong struct{ Type int }
		return answer.Status == http.StatusOK && json.Unmarshal(answer.Body, &pong) == nil && pong.Type == 1
	})
}
