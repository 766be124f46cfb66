package rest

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
)

// crossOrigin lets web clients from anywhere use the API: it knows no cookies, so a page can do nothing that whoever made it
// could not do without a browser. What a browser asks before is answered at once, without a look at route, caller or limits.
// https://fetch.spec.whatwg.org/#http-cors-protocol
func crossOrigin(c *gin.Context) {
	if c.Request.Header["Origin"] == nil {
		return // no page asks
	}
	header := c.Writer.Header()
	header["Access-Control-Allow-Origin"], header["Access-Control-Expose-Headers"] = anyOrigin, exposedHeaders
	if c.Request.Method != http.MethodOptions || c.GetHeader("Access-Control-Request-Method") == "" {
		return
	}
	header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
	header.Set("Access-Control-Allow-Headers", allowedHeaders)
	header.Set("Access-Control-Max-Age", "7200") // browsers remember it no longer
	c.AbortWithStatus(http.StatusNoContent)
}

var anyOrigin = []string{"*"}

// exposedHeaders are those that a page may read, besides those that every page may.
var exposedHeaders = []string{strings.Join([]string{
	"Date", "ETag", "Location", "Retry-After", "X-RateLimit-Bucket", "X-RateLimit-Global", "X-RateLimit-Limit",
	"X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Reset-After", "X-RateLimit-Scope", "X-Request-Id",
}, ", ")}

// allowedHeaders are those that clients are known to send. "*" would not cover Authorization.
var allowedHeaders = strings.Join([]string{
	"Authorization", "Content-Type", "If-None-Match", "Range", "X-Audit-Log-Reason", "X-Captcha-Key", "X-Captcha-Rqtoken",
	"X-Context-Properties", "X-Debug-Options", "X-Discord-Locale", "X-Discord-MFA-Authorization", "X-Discord-Timezone",
	"X-Fingerprint", "X-Failed-Requests", "X-Installation-ID", "X-RateLimit-Precision", "X-Super-Properties", "X-Track",
	"X-Bot-Auth", "X-User-Agent",
}, ", ")
