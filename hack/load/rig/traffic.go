package rig

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/hack/load/world"
	"guildhall.chat/guildhall/internal/config"
)

// Traffic is what the stores of a platform have written and sent so far, in bytes.
type Traffic struct {
	world.Volume
	Redis int64 // sent by all nodes to clients
}

// Traffic asks the stores.
func (p *Platform) Traffic(ctx context.Context) (t Traffic, err error) {
	if t.Volume, err = p.World.Volume(ctx); err != nil {
		return t, err
	}
	secrets, err := config.LoadSecrets(p.Secrets())
	if err != nil {
		return t, err
	}
	children, err := p.Children()
	for _, child := range children {
		if !strings.HasPrefix(child.Name, "redis-") {
			continue
		}
		sent, failed := sentBy(ctx, child.Addr, secrets.RedisPassword)
		t.Redis, err = t.Redis+sent, errors.Join(err, failed)
	}
	return t, err
}

// sentBy returns what a node of Redis has sent since it runs.
func sentBy(ctx context.Context, addr, password string) (int64, error) {
	node := goredis.NewClient(&goredis.Options{Addr: addr, Password: password})
	defer func() { _ = node.Close() }()
	info, err := node.InfoMap(ctx, "stats").Result()
	if err != nil {
		return 0, fmt.Errorf("ask redis at %s: %w", addr, err)
	}
	return strconv.ParseInt(info["Stats"]["total_net_output_bytes"], 10, 64)
}
