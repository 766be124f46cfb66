package resources

import (
	"fmt"
	"strconv"

	apply "k8s.io/client-go/applyconfigurations/core/v1"
)

// shardMapName is the ConfigMap that the shard routers watch, behind the ChatCluster's name.
const shardMapName = "shard-map"

// Keys of the ConfigMap of the shard map. The shard routers read the first two.
const (
	ShardMapGeneration = "generation"
	ShardMapShards     = "shards"
	shardMapGrown      = "grown"
)

// annotationMoved is the generation of the map since which a pod is where its sessions belong. A pod of an older one holds
// sessions that now belong to other shards: it is restarted, hands them over, and they resume by the new map.
const annotationMoved = "guildhall.chat/moved"

// ShardMap says by how many shards the shard routers place sessions. The zero value is none.
type ShardMap struct {
	Generation int64 // rises with each change
	Shards     int
	Grown      int64 // the generation that raised the number of shards last: sessions moved then
}

// ParseShardMap reads what [Platform.ShardMapConfigMap] writes.
func ParseShardMap(data map[string]string) (ShardMap, error) {
	var m ShardMap
	var err error
	read := func(key string) int64 {
		n, parseErr := strconv.ParseInt(data[key], 10, 64)
		if parseErr != nil || n < 1 {
			err = fmt.Errorf("key %s of the shard map is no number", key)
		}
		return n
	}
	m.Generation, m.Shards, m.Grown = read(ShardMapGeneration), int(read(ShardMapShards)), read(shardMapGrown)
	return m, err
}

// Next returns the map of so many shards that follows. When there are fewer, what stays keeps its sessions, since a shard's
// guilds then only become more: shard % n of a guild stays what it is for all that are left.
func (m ShardMap) Next(shards int) ShardMap {
	next := ShardMap{Generation: m.Generation + 1, Shards: shards, Grown: m.Grown}
	if shards > m.Shards {
		next.Grown = next.Generation
	}
	return next
}

// ShardMapConfigMap returns the ConfigMap of a shard map.
func (p Platform) ShardMapConfigMap(m ShardMap) *apply.ConfigMapApplyConfiguration {
	return apply.ConfigMap(p.Name(shardMapName), p.Cluster.Namespace).
		WithLabels(p.Labels(ShardRouter)).
		WithOwnerReferences(p.owner()).
		WithData(map[string]string{
			ShardMapGeneration: strconv.FormatInt(m.Generation, 10),
			ShardMapShards:     strconv.Itoa(m.Shards),
			shardMapGrown:      strconv.FormatInt(m.Grown, 10),
		})
}

// moved is the value of annotationMoved for a shard. One that the map does not have yet is made for the next map.
func (p Platform) moved(shard int) string {
	m := p.ShardMap
	if shard >= m.Shards {
		m = m.Next(p.Shards())
	}
	return strconv.FormatInt(m.Grown, 10)
}

// Moved reports whether the shard's pods, by the annotations of their template, are where their sessions belong.
func (p Platform) Moved(shard int, annotations map[string]string) bool {
	return annotations[annotationMoved] == p.moved(shard)
}
