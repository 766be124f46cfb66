// Command service stands in for each of the services in the tests of the platform itself: it reads its secrets, speaks to
// both stores as a service would, answers on its ports with what it was told, and stops on SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/telemetry"
)

type flags struct {
	config.Common
	RedisAddrs                                   []string
	Listen, PublicURL, GatewayURL, RateLimits    string
	MailDir, MailFrom, FilesDir, Pod, Pods       string
	HeartbeatInterval, ResumeWindow, DrainPeriod string
	TrustedProxies                               string
	Shard, Shards                                int
	RequireVerifiedEmail                         bool
	Command                                      string `arg:"" optional:""`
}

func main() { config.Run("service", "", &flags{}) }

// Run is migrate if told so, else a server.
func (f *flags) Run(ctx context.Context) error {
	secrets, err := config.LoadSecrets(f.Secrets)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, secrets.PostgresDSN)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if f.Command == "migrate" {
		_, err := conn.Exec(ctx, `CREATE TABLE IF NOT EXISTS starts (id serial); INSERT INTO starts DEFAULT VALUES`)
		return err
	}
	var starts int
	if err := conn.QueryRow(ctx, `SELECT count(*) FROM starts`).Scan(&starts); err != nil {
		return err
	}
	if len(f.RedisAddrs) > 0 {
		cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: f.RedisAddrs, Password: secrets.RedisPassword})
		defer func() { _ = cluster.Close() }()
		if err := cluster.Incr(ctx, "starts").Err(); err != nil {
			return err
		}
	}
	log := telemetry.NewLogger(f.LogLevel, filepath.Base(os.Args[0]))
	admin, err := telemetry.NewAdmin(f.AdminAddr, log)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: f.Listen, Handler: f.handler(starts)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if f.Listen != "" {
		go func() {
			if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
				log.Error("listen", "error", err)
				os.Exit(1)
			}
		}()
	}
	log.Info("serving", "pid", os.Getpid())
	return admin.Run(ctx)
}

// handler answers a request, or the first moment of a WebSocket, with the service's name, its arguments, and how often
// the database saw the platform start.
func (f *flags) handler(starts int) http.Handler {
	answer, err := json.Marshal(map[string]any{
		"service": filepath.Base(os.Args[0]), "args": strings.Join(os.Args[1:], " "), "starts": starts, "pid": os.Getpid(),
	})
	if err != nil {
		panic(err)
	}
	upgrader := websocket.Upgrader{}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			_, _ = fmt.Fprintf(w, "%s\n", answer)
			return
		}
		if conn, err := upgrader.Upgrade(w, r, nil); err == nil {
			_ = conn.WriteMessage(websocket.TextMessage, answer)
			_, _, _ = conn.ReadMessage() // until the client leaves
			_ = conn.Close()
		}
	})
}
