package resources

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	core "k8s.io/client-go/applyconfigurations/core/v1"
)

//go:embed redisfiles
var redisFiles embed.FS

// RedisFiles are the files of a Redis pod's configuration folder, by name: redis.conf, and the scripts that start a node, say
// whether it is ready, and hand a master over before it stops.
func RedisFiles() map[string]string {
	files := map[string]string{}
	for _, name := range []string{"redis.conf", "start.sh", "ready.sh", "handover.sh"} {
		content, err := redisFiles.ReadFile("redisfiles/" + name)
		if err != nil {
			panic(err) // it is compiled in
		}
		files[name] = string(content)
	}
	return files
}

// RedisConfigMap returns the files for the pods.
func (p Platform) RedisConfigMap() *core.ConfigMapApplyConfiguration {
	return core.ConfigMap(p.Name(Redis), p.Cluster.Namespace).
		WithLabels(p.Labels(Redis)).
		WithOwnerReferences(p.owner()).
		WithData(RedisFiles())
}

// redisFilesHash stands for the files, so that a change of them rolls the pods.
func redisFilesHash() string {
	files := RedisFiles()
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		_, _ = fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
