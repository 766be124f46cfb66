// Command centrifuge is a server on the library of that name, as its documentation has it: in-memory broker, WebSocket,
// JSON protocol, everybody may subscribe. It is a module of its own, so that nothing else comes to depend on the library.
//
// It takes the orders of package control that a peer must know: send the next messages of the corpus to the channel.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/centrifugal/centrifuge"
)

const channel = "bench"

// message is one of package payload's corpus.
type message struct {
	Data json.RawMessage `json:"data"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "centrifuge:", err)
		os.Exit(1)
	}
}

func run() error {
	path := flag.String("corpus", "", "file of the messages")
	listen := flag.String("listen", "127.0.0.1:0", "address for the WebSockets")
	flag.Parse()
	content, err := os.ReadFile(*path)
	if err != nil {
		return err
	}
	var corpus []message
	if err := json.Unmarshal(content, &corpus); err != nil || len(corpus) == 0 {
		return fmt.Errorf("corpus of %d messages: %w", len(corpus), err)
	}
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:           centrifuge.LogLevelError,
		LogHandler:         func(e centrifuge.LogEntry) { fmt.Fprintln(os.Stderr, e.Message, e.Fields) },
		ClientQueueMaxSize: 16 << 20, // not the default of 1 MiB: what waits must not cost it a client
	})
	if err != nil {
		return err
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{Credentials: &centrifuge.Credentials{UserID: e.ClientID}}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnSubscribe(func(_ centrifuge.SubscribeEvent, done centrifuge.SubscribeCallback) {
			done(centrifuge.SubscribeReply{}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/connection/websocket", centrifuge.NewWebsocketHandler(node, centrifuge.WebsocketConfig{
		WriteTimeout: 10 * time.Second, // not the default of 1 s, for the same reason
	}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	report := json.NewEncoder(os.Stdout)
	if err := report.Encode(map[string]string{"is": "listening", "addr": listener.Addr().String()}); err != nil {
		return err
	}
	return obey(node, corpus, report)
}

// obey sends what is ordered until the input ends.
func obey(node *centrifuge.Node, corpus []message, report *json.Encoder) error {
	next := 0
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		var order struct {
			Do    string `json:"do"`
			Count int    `json:"count"`
		}
		if err := json.Unmarshal(orders.Bytes(), &order); err != nil {
			return err
		}
		if order.Do != "send" {
			return fmt.Errorf("unknown order %q", order.Do)
		}
		for range order.Count {
			if _, err := node.Publish(channel, corpus[next%len(corpus)].Data); err != nil {
				return err
			}
			next++
		}
		if err := report.Encode(map[string]string{"is": "sent"}); err != nil {
			return err
		}
	}
	return orders.Err()
}
