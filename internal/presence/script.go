package presence

import (
	"context"
	_ "embed"

	"github.com/redis/go-redis/v9"
)

//go:embed change.lua
var changeSource string

//go:embed guild.lua
var guildSource string

//go:embed renew.lua
var renewSource string

//go:embed ended.lua
var endedSource string

var (
	changeScript = redis.NewScript(changeSource)
	guildScript  = redis.NewScript(guildSource)
	renewScript  = redis.NewScript(renewSource)
	endedScript  = redis.NewScript(endedSource)
)

// call is one run of a script.
type call struct {
	keys []string
	args []any
}

// runAll runs a script for all calls in one round trip, and in a second one where a new master had no script yet. It
// returns the first error.
func runAll(ctx context.Context, rdb redis.UniversalClient, script *redis.Script, calls []call) error {
	pipe := rdb.Pipeline()
	cmds := make([]*redis.Cmd, len(calls))
	for i, c := range calls {
		cmds[i] = script.EvalSha(ctx, pipe, c.keys, c.args...)
	}
	_, _ = pipe.Exec(ctx) // each command is looked at
	again := rdb.Pipeline()
	for i, c := range calls {
		if redis.HasErrorPrefix(cmds[i].Err(), "NOSCRIPT") {
			cmds[i] = script.Eval(ctx, again, c.keys, c.args...)
		}
	}
	if again.Len() > 0 {
		_, _ = again.Exec(ctx)
	}
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	return nil
}
