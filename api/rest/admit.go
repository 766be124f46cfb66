package rest

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/snowflake"
)

// claimsKey holds the authn.Claims of a request between authenticate and admit.
const claimsKey = "claims"

// authenticate reads the credentials. What they claim is confirmed in admit, after the round trip.
func authenticate(cfg *Config) gin.HandlerFunc {
	return func(c *gin.Context) {
		claims, err := cfg.Authenticator.Parse(c.GetHeader("Authorization"))
		if err != nil {
			// Who guesses tokens is counted like anybody without one.
			claims = authn.Claims{}
			c.Set(refusedKey, err)
		}
		c.Set(claimsKey, claims)
	}
}

// refusedKey holds the error of credentials that are no good at all.
const refusedKey = "refused"

// admit has the desk make the one round trip to Redis that a request needs: it counts the request, and learns the caller's epoch
// and the guild's permission version.
func admit(cfg *Config, route call.Route) gin.HandlerFunc {
	bucket := bucketOf(route)
	majors := majorsOf(route.Path)
	return func(c *gin.Context) {
		this := current(c)
		ctx := c.Request.Context()
		claims := c.MustGet(claimsKey).(authn.Claims)
		address := addressOf(c)
		request := ratelimit.Request{Identity: address, Address: address, Bucket: bucket, Major: major(c, majors)}
		own := claims.Proven && !route.Limit.Together // the caller is counted under its own identity
		switch {
		case route.Limit.Together:
			request.Identity = ratelimit.Resource(request.Major)
		case claims.Proven:
			request.Identity = claims.Counted()
		}

		guild, inGuild := cfg.guildOf(c)
		admitted, err := cfg.desk.Ask(ctx, admission{request, guild})
		if err != nil {
			this.Fail(err)
			return
		}
		decision := admitted.decision
		decision.WriteHeaders(c.Writer.Header())
		if decision.Refused != ratelimit.Banned && !decision.Excused() {
			defer countInvalid(cfg, c, address)
		}
		if decision.Refused != ratelimit.No {
			_ = this.Reply(http.StatusTooManyRequests, decision.Refusal())
			c.Abort()
			return
		}
		if inGuild {
			this.SetVersion(guild, admitted.version, admitted.known)
		}
		if route.Access == call.Anyone && route.Scope == "" && claims.Delegated() {
			claims = authn.Claims{} // what is open to all is nothing that an application does for a user
		}
		err = confirm(cfg, c, claims, decision, own, this)
		// An access token whose time is over must not keep its owner from getting the next one.
		if err != nil && (route.Access != call.Anyone || !errors.Is(err, discord.ErrUnauthorized)) {
			this.Fail(err)
			return
		}
		c.Next()
	}
}

// countTimeout bounds what counting may add to a request that was refused anyway.
const countTimeout = 500 * time.Millisecond

// countInvalid counts an answer that only a client gets that does not listen; also if that client has left.
func countInvalid(cfg *Config, c *gin.Context, address ratelimit.Identity) {
	if !ratelimit.Invalid(c.Writer.Status()) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), countTimeout)
	defer cancel()
	cfg.Limiter.CountInvalid(ctx, address)
}

// confirm makes the claims the caller. own tells that the decision, and the epoch in it, is of the caller's own identity.
func confirm(cfg *Config, c *gin.Context, claims authn.Claims, d ratelimit.Decision, own bool, this *call.Call) error {
	if refused, ok := c.Get(refusedKey); ok {
		return refused.(error)
	}
	if claims.Anonymous() {
		return nil
	}
	// An unproven bot was counted under its address, so the epoch in the decision is not its own.
	caller, err := cfg.Authenticator.Confirm(c.Request.Context(), claims, d.Epoch, d.EpochKnown && own)
	if err != nil {
		return err
	}
	this.Caller = caller
	return nil
}

func bucketOf(route call.Route) ratelimit.Bucket {
	name := route.Limit.Name
	if name == "" {
		name = route.Method + " " + route.Path
	}
	return ratelimit.Bucket{Name: name, Limit: route.Limit.Requests, Window: route.Limit.Window, NoGlobal: route.Limit.NoGlobal, Shared: route.Limit.Together}
}

// majorsOf names the major parameters of a path.
// https://discord.com/developers/docs/topics/rate-limits#rate-limits
func majorsOf(path string) []string {
	var majors []string
	for part := range strings.SplitSeq(path, "/") {
		switch part {
		case ":channel_id", ":guild_id", ":webhook_id", ":webhook_token":
			majors = append(majors, part[1:])
		}
	}
	return majors
}

func major(c *gin.Context, names []string) string {
	switch len(names) {
	case 0:
		return ""
	case 1:
		return c.Param(names[0])
	}
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = c.Param(name)
	}
	return strings.Join(values, ":")
}

// guildOf tells which guild the path is about, if that is known without asking.
func (cfg *Config) guildOf(c *gin.Context) (snowflake.ID, bool) {
	if text := c.Param("guild_id"); text != "" {
		id, err := snowflake.Parse(text)
		return id, err == nil && id != 0
	}
	if text := c.Param("channel_id"); text != "" {
		if id, err := snowflake.Parse(text); err == nil {
			guild, known := cfg.Access.GuildOf(id)
			return guild, known && guild != 0
		}
	}
	return 0, false
}

func addressOf(c *gin.Context) ratelimit.Identity {
	ip, err := netip.ParseAddr(c.ClientIP())
	if err != nil {
		ip = netip.IPv4Unspecified()
	}
	return ratelimit.Address(ip)
}

// checkRoutes finds mistakes in the declarations before the first request does.
func checkRoutes(routes []call.Route) error {
	for _, r := range routes {
		if r.Limit.Requests <= 0 || r.Limit.Window <= 0 {
			return errors.New("route without a rate limit: " + r.Method + " " + r.Path)
		}
		if r.Handle == nil {
			return errors.New("route without a handler: " + r.Method + " " + r.Path)
		}
	}
	return nil
}
