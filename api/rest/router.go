package rest

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
)

// Config is what the chain needs.
type Config struct {
	Logger         *slog.Logger
	Authenticator  *authn.Authenticator
	Redis          redis.UniversalClient
	Limiter        *ratelimit.Limiter
	Access         *access.Access
	VerifiedOnly   bool     // users must verify their mail address before they act
	AccessLog      uint64   // one in so many requests is logged, and each that the platform failed; 0: these alone
	TrustedProxies []string // CIDRs whose X-Forwarded-For is believed
	Routes         []call.Route
	Public         []call.Route // outside /api: images and pages; those without a limit are not counted

	desk *desk
}

// prefixes are where the API is served. The unversioned one was version 6 at Discord; here it is 10.
// https://discord.com/developers/docs/reference#api-versioning
var prefixes = []string{"/api/v10", "/api/v9", "/api"}

// New returns the handler of the whole REST service.
func New(cfg Config) (http.Handler, error) {
	if err := checkRoutes(cfg.Routes); err != nil {
		return nil, err
	}
	cfg.desk = newDesk(cfg.Redis, cfg.Limiter)
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.RemoveExtraSlash = true // discordgo asks for /api/v9//voice/regions
	engine.UseRawPath = true       // an encoded slash or dot is part of a value, never of the path
	engine.ContextWithFallback = true
	if err := engine.SetTrustedProxies(cfg.TrustedProxies); err != nil {
		return nil, err
	}
	engine.Use(begin(cfg.Logger, &accessLog{log: cfg.Logger, every: cfg.AccessLog}), recovery(cfg.Logger), standingHeaders, crossOrigin)
	engine.NoRoute(notFound)
	engine.NoMethod(answer(discord.ErrMethodNotAllowed))

	for _, route := range cfg.Routes {
		for _, prefix := range prefixes {
			engine.Handle(route.Method, prefix+route.Path, chain(&cfg, route)...)
		}
	}
	for _, route := range cfg.Public {
		if route.Limit.Requests > 0 {
			engine.Handle(route.Method, route.Path, chain(&cfg, route)...)
		} else {
			engine.Handle(route.Method, route.Path, handle(route.Handle))
		}
	}
	return engine, nil
}

func chain(cfg *Config, route call.Route) []gin.HandlerFunc {
	return []gin.HandlerFunc{authenticate(cfg), admit(cfg, route), allow(cfg, route), handle(route.Handle)}
}

// Server wraps a handler with bounds on how long a client may take.
func Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
	}
}
