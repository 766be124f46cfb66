package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/internal/tracing"
)

// callKey holds the *call.Call in gin's context.
const callKey = "call"

func current(c *gin.Context) *call.Call { return c.MustGet(callKey).(*call.Call) }

// recovery turns a panic into a 500 and a logged stack; the process goes on.
func recovery(logger *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			r := recover()
			if r == nil {
				return
			}
			if err, ok := r.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(r)
			}
			panics.Inc()
			logger.ErrorContext(c.Request.Context(), "panic", "route", c.FullPath(), "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				answer(discord.ErrInternal)(c)
			}
			c.Abort()
		}()
		c.Next()
	}
}

// begin gives the request an id, which its context and its log lines carry, traces it if it is chosen, and measures it.
func begin(logger *slog.Logger, access *accessLog) gin.HandlerFunc {
	return func(c *gin.Context) {
		start := time.Now()
		id := uuid.NewString()
		c.Writer.Header()["X-Request-Id"] = []string{id}
		ctx, span := tracing.Request(telemetry.WithRequest(c.Request.Context(), id), c.Request.Header, "request")
		c.Request = c.Request.WithContext(ctx)
		c.Set(callKey, &call.Call{Context: c, Logger: telemetry.Bound(ctx, logger)})
		inFlight.Inc()
		defer inFlight.Dec()
		c.Next()
		took := time.Since(start)
		observe(c.Request.Method, c.FullPath(), c.Writer.Status(), took, span.SpanContext())
		access.note(c, took)
		endSpan(c, span)
	}
}

// Headers that every answer has. discord.py takes a 429 without Via for a ban by Cloudflare. The arrays are shared, never
// written to.
var (
	via     = []string{"1.1 guildhall"}
	noSniff = []string{"nosniff"}
)

func standingHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header["Via"], header["X-Content-Type-Options"] = via, noSniff
	c.Next()
}

func answer(e *discord.Error) gin.HandlerFunc {
	return func(c *gin.Context) { current(c).Fail(e) }
}

// notFound tells an unknown API version from an unknown path.
func notFound(c *gin.Context) {
	rest, isAPI := strings.CutPrefix(c.Request.URL.Path, "/api/v")
	version, _, _ := strings.Cut(rest, "/")
	if n, err := strconv.Atoi(version); isAPI && err == nil && n != 9 && n != 10 {
		current(c).Fail(discord.ErrInvalidVersion)
		return
	}
	current(c).Fail(discord.ErrNotFound)
}

// handle runs a resource's handler.
func handle(h call.Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(current(c)); err != nil {
			current(c).Fail(err)
		}
	}
}

// allow checks that this kind of caller may use the route.
func allow(cfg *Config, route call.Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := mayCall(cfg, route, current(c).Caller); err != nil {
			current(c).Fail(err)
		}
	}
}

func mayCall(cfg *Config, route call.Route, caller call.Caller) error {
	switch {
	case caller.Grant != nil:
		return mayCallFor(cfg, route, caller)
	case route.Access == call.Anyone:
		return nil
	case caller.Anonymous():
		return discord.ErrUnauthorized
	case route.Access == call.OAuth2:
		return discord.ErrOAuth2Token
	case route.Access == call.UsersOnly && caller.Bot:
		return discord.ErrBotsForbidden
	case route.Access == call.BotsOnly && !caller.Bot:
		return discord.ErrOnlyBots
	case cfg.VerifiedOnly && !caller.Bot && !caller.Verified && !route.Unverified && route.Method != http.MethodGet:
		return discord.ErrVerifyAccount
	}
	return nil
}

// mayCallFor is mayCall for an application that acts for a user.
func mayCallFor(cfg *Config, route call.Route, caller call.Caller) error {
	switch {
	case route.Scope == "":
		return discord.ErrUnauthorized
	case route.Scope != call.AnyScope && !caller.May(route.Scope):
		return discord.ErrScopeNeeded
	case cfg.VerifiedOnly && !caller.Verified && !route.Unverified && route.Method != http.MethodGet:
		return discord.ErrVerifyAccount
	}
	return nil
}
