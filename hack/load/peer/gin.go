package peer

import (
	"context"
	"errors"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"

	"guildhall.chat/guildhall/hack/load/control"
)

// Gin answers a channel's path with ready bytes: what the framework and HTTP cost, and nothing else.
type Gin struct {
	Listen string
	Body   []byte
}

// Serve serves until ctx ends.
func (g *Gin) Serve(ctx context.Context, reporter *control.Reporter) error {
	listener, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return err
	}
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/api/v10/channels/:channel_id", func(c *gin.Context) {
		c.Data(http.StatusOK, "application/json", g.Body)
	})
	server := &http.Server{Handler: engine}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() { _ = server.Serve(listener) }()
	reporter.Report(control.Report{Is: control.Listening, Addr: listener.Addr().String()})
	return control.Serve(ctx, func(control.Order) error { return errors.New("it takes no orders") })
}
