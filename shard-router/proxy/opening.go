package proxy

import (
	"encoding/json"
	"errors"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/shard-router/placement"
)

// lastOpcode is the highest opcode that clients are known to send.
const lastOpcode = discord.OpRequestChannelInfo

var (
	errIdentify = errors.New("identify: d is not an object, or its shard is not two integers")
	errResume   = errors.New("resume: d is not an object, or its session_id is not a string")
)

// identifyWant tells where an IDENTIFY belongs. Only `shard` is read of it; the rest is the pod's to judge.
//
// A client of n shards whose n is a multiple of the platform's gets as its shard i exactly guilds of the platform's shard
// i % shards. Any other client's guilds are spread over shards, so any pod serves it as well.
func identifyWant(d json.RawMessage, shards int) (placement.Want, error) {
	var identify *struct {
		Shard []int `json:"shard"`
	}
	if err := json.Unmarshal(d, &identify); err != nil || identify == nil {
		return placement.Want{}, refuseDecode(errIdentify)
	}
	if identify.Shard == nil {
		return placement.Want{Shard: placement.AnyShard}, nil
	}
	if len(identify.Shard) != 2 {
		return placement.Want{}, refuseDecode(errIdentify)
	}
	i, n := identify.Shard[0], identify.Shard[1]
	switch {
	case n < 1 || i < 0 || i >= n:
		return placement.Want{}, refuse(refusedShard, discord.CloseInvalidShard)
	case n%shards == 0:
		return placement.Want{Shard: i % shards}, nil
	default:
		return placement.Want{Shard: placement.AnyShard}, nil
	}
}

// resumeWant tells where a RESUME belongs: to the pod that holds the session. When that pod is gone, or never was, any
// pod can say that the session is invalid.
func resumeWant(d json.RawMessage, keys *auth.Keys) (placement.Want, error) {
	var resume *struct {
		SessionID string `json:"session_id"`
	}
	if err := json.Unmarshal(d, &resume); err != nil || resume == nil {
		return placement.Want{}, refuseDecode(errResume)
	}
	want := placement.Want{Shard: placement.AnyShard}
	if pod, ok := keys.PodOf(resume.SessionID); ok {
		want.Pod = pod
	}
	return want, nil
}
