package events

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Version is the permission version of a guild: the seq of its last event that changed roles, overwrites or owner, and
// of the last that changed a member's roles or time-out. Last is the last event that Redis has of the guild's log; 0 if nothing
// has happened for a dozen resume windows. Messages come there after their senders have the answer.
type Version struct {
	Structure int64
	Members   int64
	Last      int64
}

// PendingVersion is a version asked for in a pipeline.
type PendingVersion struct{ cmd *redis.SliceCmd }

// QueueVersion adds the question for a guild's version to a pipeline that the caller makes anyway.
func QueueVersion(ctx context.Context, pipe redis.Pipeliner, guild snowflake.ID) PendingVersion {
	return PendingVersion{pipe.HMGet(ctx, stateKey(guild), fieldStructure, fieldMembers, fieldLast)}
}

// Result is the version once the pipeline has run; ok is false when Redis does not know it or did not answer, and the
// primary must be asked.
func (p PendingVersion) Result() (v Version, ok bool) {
	values, err := p.cmd.Result()
	if err != nil || len(values) != 3 {
		return Version{}, false
	}
	structure, okS := parseField(values[0])
	members, okM := parseField(values[1])
	last, _ := parseField(values[2])
	return Version{structure, members, last}, okS && okM
}

func parseField(v any) (int64, bool) {
	s, ok := v.(string)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

//go:embed version.lua
var versionSource string

var raiseVersion = redis.NewScript(versionSource)

// RememberVersion tells Redis the version that the primary gave, after Redis did not know it. It never lowers one.
func (p *Publisher) RememberVersion(ctx context.Context, guild snowflake.ID, v Version) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	err := raiseVersion.Run(ctx, p.rdb, []string{stateKey(guild)}, v.Structure, v.Members, p.keep()*stateFactor).Err()
	if err != nil {
		return fmt.Errorf("remember version of guild %s: %w", guild, err)
	}
	return nil
}
