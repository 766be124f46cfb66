package events

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Masters names the running Redis processes that serve logs. The text changes when one has been restarted or another has
// taken its place: what the old one had may be lost then.
func (p *Publisher) Masters(ctx context.Context) (string, error) {
	var mu sync.Mutex
	var ids []string
	err := p.rdb.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		info, err := node.InfoMap(ctx, "server").Result()
		if err != nil {
			return fmt.Errorf("ask %s who it is: %w", node.Options().Addr, err)
		}
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, info["Server"]["run_id"])
		return nil
	})
	if err != nil {
		return "", err
	}
	slices.Sort(ids)
	return strings.Join(ids, " "), nil
}
