package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

func TestWebClientsFromAnywhere(t *testing.T) {
	t.Parallel()
	engine := gin.New()
	engine.Use(crossOrigin)
	asked := 0
	engine.GET("/thing", func(*gin.Context) { asked++ })
	engine.NoRoute(func(c *gin.Context) { c.Status(http.StatusNotFound) })
	send := func(method string, header http.Header) *httptest.ResponseRecorder {
		request := httptest.NewRequestWithContext(t.Context(), method, "/thing", nil)
		request.Header = header
		recorder := httptest.NewRecorder()
		engine.ServeHTTP(recorder, request)
		return recorder
	}
	before := send(http.MethodOptions, http.Header{"Origin": {"https://web.example"}, "Access-Control-Request-Method": {"PATCH"},
		"Access-Control-Request-Headers": {"authorization,x-super-properties"}})
	if before.Code != http.StatusNoContent || asked != 0 || !strings.Contains(before.Header().Get("Access-Control-Allow-Headers"), "Authorization") ||
		!strings.Contains(before.Header().Get("Access-Control-Allow-Methods"), "PATCH") {
		t.Errorf("%d %v", before.Code, before.Header())
	}
	got := send(http.MethodGet, http.Header{"Origin": {"https://web.example"}})
	if got.Code != http.StatusOK || asked != 1 || got.Header().Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(got.Header().Get("Access-Control-Expose-Headers"), "X-RateLimit-Reset-After") {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if bot := send(http.MethodGet, http.Header{}); len(bot.Header()) != 0 {
		t.Errorf("no page asks, and is told %v", bot.Header())
	}
	if plain := send(http.MethodOptions, http.Header{}); plain.Code != http.StatusNotFound {
		t.Errorf("no preflight: %d", plain.Code)
	}
}
