package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/store"
)

// backends are the connections that serve and worker both have, and the way to URLs of others.
type backends struct {
	store     *store.Store
	redis     *redis.ClusterClient
	publisher *events.Publisher
	fetch     *fetch.Client
}

func open(ctx context.Context, secrets config.Secrets, rc config.Redis, fc config.Fetch, window time.Duration, logger *slog.Logger) (*backends, error) {
	s, err := store.Open(ctx, secrets.PostgresDSN)
	if err != nil {
		return nil, err
	}
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:       rc.RedisAddrs,
		Password:    secrets.RedisPassword,
		DialTimeout: 2 * time.Second,
		ReadTimeout: 2 * time.Second,
		// Requests have a fallback for a Redis that does not answer; they must not wait long for it.
		MaxRetries:      1,
		MinRetryBackoff: 10 * time.Millisecond,
		MaxRetryBackoff: 100 * time.Millisecond,
		// Else go-redis waits for ReadTimeout whatever the deadline of the context is.
		ContextTimeoutEnabled: true,
	})
	publisher := events.NewPublisher(rdb, s, window, logger)
	s.PublishTo(publisher)
	return &backends{store: s, redis: rdb, publisher: publisher, fetch: fetch.New(fc.FetchAllow)}, nil
}

func (b *backends) close() {
	b.store.Close()
	_ = b.redis.Close()
}
