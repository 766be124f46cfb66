// Command load is what the benchmarks start as child processes: clients, and the peers that the platform is held against.
// They take orders on standard input (package control); hack/bench conducts them.
package main

import (
	"context"
	"os"

	"guildhall.chat/guildhall/hack/load/clients"
	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
	"guildhall.chat/guildhall/hack/load/peer"
	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	Clients clientsCommand `cmd:"" help:"A fleet of clients."`
	Bare    bareCommand    `cmd:"" help:"Write ready frames to every WebSocket, one a call."`
	Proxy   proxyCommand   `cmd:"" help:"Copy bytes between clients and a target."`
	Gorilla gorillaCommand `cmd:"" help:"Keep WebSockets of gorilla/websocket."`
	Gin     ginCommand     `cmd:"" help:"Answer requests with the bytes of a file."`
}

type clientsCommand struct{}

// Run runs the clients.
func (*clientsCommand) Run(ctx context.Context) error {
	return clients.Serve(ctx, control.NewReporter(os.Stdout))
}

type bareCommand struct {
	Listen string `default:"127.0.0.1:0" help:"Address for the WebSockets."`
	Corpus string `required:"" help:"File of the messages." type:"path"`
}

// Run runs the bare writer.
func (c *bareCommand) Run(ctx context.Context) error {
	corpus, err := payload.Read(c.Corpus)
	if err != nil {
		return err
	}
	b := peer.Bare{Listen: c.Listen, Corpus: corpus}
	return b.Serve(ctx, control.NewReporter(os.Stdout))
}

type proxyCommand struct {
	Listen string `default:"127.0.0.1:0" help:"Address for the clients."`
	Target string `required:"" help:"Address to connect them to."`
}

// Run runs the proxy.
func (c *proxyCommand) Run(ctx context.Context) error {
	p := peer.Proxy{Listen: c.Listen, Target: c.Target}
	return p.Serve(ctx, control.NewReporter(os.Stdout))
}

type gorillaCommand struct {
	Listen string `default:"127.0.0.1:0" help:"Address for the WebSockets."`
}

// Run runs the server.
func (c *gorillaCommand) Run(ctx context.Context) error {
	g := peer.Gorilla{Listen: c.Listen}
	return g.Serve(ctx, control.NewReporter(os.Stdout))
}

type ginCommand struct {
	Listen string `default:"127.0.0.1:0" help:"Address for the clients."`
	Body   string `required:"" help:"File of the answer." type:"path"`
}

// Run runs the server.
func (c *ginCommand) Run(ctx context.Context) error {
	body, err := os.ReadFile(c.Body)
	if err != nil {
		return err
	}
	g := peer.Gin{Listen: c.Listen, Body: body}
	return g.Serve(ctx, control.NewReporter(os.Stdout))
}

func main() {
	config.Run("load", "Clients and peers of the benchmarks.", &cli{})
}
