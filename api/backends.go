package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/roundtrip"
	"guildhall.chat/guildhall/internal/store"
)

// backends are the connections that serve and worker both have, and the way to URLs of others.
type backends struct {
	store     *store.Store
	redis     *redis.ClusterClient
	publisher *events.Publisher
	fetch     *fetch.Client
	files     blob.Store
}

// Dependencies holds the flags of what serve and worker both use. Embed it.
type Dependencies struct {
	config.Redis
	config.Fetch
	config.Files
	ResumeWindow time.Duration `help:"How long a session waits for its client: events are kept as long." default:"5m"`
}

func open(ctx context.Context, secrets config.Secrets, d Dependencies, logger *slog.Logger) (*backends, error) {
	files, err := openFiles(d.Files, secrets)
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, secrets.PostgresDSN)
	if err != nil {
		return nil, err
	}
	if secrets.PostgresReplicaDSN != "" {
		if err := s.ReadFrom(ctx, secrets.PostgresReplicaDSN, logger); err != nil {
			s.Close()
			return nil, err
		}
	}
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs:       d.RedisAddrs,
		Password:    secrets.RedisPassword,
		DialTimeout: 2 * time.Second,
		ReadTimeout: 2 * time.Second,
		// Requests have a fallback for a Redis that does not answer; they must not wait long for it.
		MaxRetries:      1,
		MinRetryBackoff: 10 * time.Millisecond,
		MaxRetryBackoff: 100 * time.Millisecond,
		// Else go-redis waits for ReadTimeout whatever the deadline of the context is.
		ContextTimeoutEnabled: true,
		// What RESP3 adds, messages that nobody asked for, is not used, and go-redis looks for them before each answer.
		Protocol: 2,
	})
	roundtrip.Measure(rdb)
	publisher := events.NewPublisher(rdb, s, d.ResumeWindow, logger)
	s.PublishTo(publisher)
	return &backends{store: s, redis: rdb, publisher: publisher, fetch: fetch.New(d.FetchAllow), files: files}, nil
}

// openFiles returns where uploaded files are kept; nothing is kept unless the flags say where.
func openFiles(c config.Files, secrets config.Secrets) (blob.Store, error) {
	switch {
	case c.FilesDir != "":
		return blob.NewDirectory(c.FilesDir)
	case c.S3Endpoint == "":
		return blob.Nowhere{}, nil
	case secrets.S3AccessKey == "" || secrets.S3SecretKey == "":
		return nil, config.Errorf("--s3-endpoint needs the secrets %s and %s", config.S3AccessKeyFile, config.S3SecretKeyFile)
	}
	bucket, err := blob.NewS3(blob.S3Config{
		Endpoint: c.S3Endpoint, Region: c.S3Region, Bucket: c.S3Bucket, Prefix: c.S3Prefix, PathStyle: c.S3PathStyle,
		AccessKey: secrets.S3AccessKey, SecretKey: secrets.S3SecretKey,
	})
	if err != nil {
		return nil, config.Errorf("--s3-endpoint: %w", err)
	}
	return bucket, nil
}

func (b *backends) close() {
	b.store.Close()
	_ = b.redis.Close()
}
