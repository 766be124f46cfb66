package roundtrip

import (
	"context"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
)

// The first error of a pipeline is often that there is no such key, and says nothing of the nodes that were asked for the others.
func TestAPipelineIsAsBadAsItsWorstCommand(t *testing.T) {
	t.Parallel()
	failed := func(err error) redis.Cmder {
		cmd := redis.NewStringCmd(context.Background(), "get", "key")
		cmd.SetErr(err)
		return cmd
	}
	silence := errors.New("connection refused")
	for name, c := range map[string]struct {
		cmds []redis.Cmder
		want error
	}{
		"all answered":        {[]redis.Cmder{failed(nil)}, nil},
		"no such key":         {[]redis.Cmder{failed(redis.Nil), failed(nil)}, redis.Nil},
		"a node did not":      {[]redis.Cmder{failed(redis.Nil), failed(silence)}, silence},
		"nobody waits for it": {[]redis.Cmder{failed(context.Canceled)}, context.Canceled},
	} {
		var first error
		for _, cmd := range c.cmds {
			if first == nil {
				first = cmd.Err()
			}
		}
		got := worst(c.cmds, first)
		if !errors.Is(got, c.want) || unanswered(got) != (c.want == silence) { //nolint:errorlint // it is that very one
			t.Errorf("%s: %v", name, got)
		}
	}
}
