package discover

import (
	"fmt"
	"strconv"
)

// Keys of the ConfigMap with the shard map.
const (
	keyGeneration = "generation"
	keyShards     = "shards"
)

// maxShards bounds what a map may say: more is a mistake.
const maxShards = 1 << 16

// ShardMap says over how many shards the platform's guilds are spread.
type ShardMap struct {
	Generation int64 // rises with each change of the map
	Shards     int
}

// parseShardMap reads the data of the ConfigMap. The error names the key that is wrong.
func parseShardMap(data map[string]string) (ShardMap, error) {
	generation, err := strconv.ParseInt(data[keyGeneration], 10, 64)
	if err != nil || generation < 1 {
		return ShardMap{}, fmt.Errorf("%s: %q is not a number of 1 or more", keyGeneration, clip(data[keyGeneration]))
	}
	shards, err := strconv.Atoi(data[keyShards])
	if err != nil || shards < 1 || shards > maxShards {
		return ShardMap{}, fmt.Errorf("%s: %q is not a number from 1 to %d", keyShards, clip(data[keyShards]), maxShards)
	}
	return ShardMap{Generation: generation, Shards: shards}, nil
}

// clip bounds what an error quotes, in bytes.
func clip(text string) string { return text[:min(len(text), 32)] }
