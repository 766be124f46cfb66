package peer

import (
	"context"
	"fmt"
	"net"

	"guildhall.chat/guildhall/hack/load/control"
)

// proxyBuffer holds a few messages: what the shard router reads at once.
const proxyBuffer = 16 << 10

// Proxy copies bytes between each client and a connection of its own to the target: a buffer and a goroutine a direction,
// a read and a write a piece. (In the kernel, by splice(2), it takes a pipe more and two calls for each of ours.)
type Proxy struct {
	Listen, Target string
}

// Serve serves until ctx ends.
func (p *Proxy) Serve(ctx context.Context, reporter *control.Reporter) error {
	listener, err := net.Listen("tcp", p.Listen)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.join(client)
		}
	}()
	reporter.Report(control.Report{Is: control.Listening, Addr: listener.Addr().String()})
	return control.Serve(ctx, func(control.Order) error { return fmt.Errorf("a proxy takes no orders") })
}

func (p *Proxy) join(client net.Conn) {
	server, err := net.Dial("tcp", p.Target)
	if err != nil {
		_ = client.Close()
		return
	}
	go pump(server, client)
	pump(client, server)
}

// pump copies until one of them ends.
func pump(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, proxyBuffer)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
