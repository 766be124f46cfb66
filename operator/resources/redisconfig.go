package resources

import "embed"

// redisFiles are what a Redis pod has in its configuration folder.
//
//go:embed redis
var redisFiles embed.FS

// RedisFiles are the files of a Redis pod's configuration folder, by name: redis.conf, and the scripts that start a node, say
// whether it is ready, and hand a master over before it stops.
func RedisFiles() map[string]string {
	files := map[string]string{}
	for _, name := range []string{"redis.conf", "start.sh", "ready.sh", "handover.sh"} {
		content, err := redisFiles.ReadFile("redis/" + name)
		if err != nil {
			panic(err) // it is compiled in
		}
		files[name] = string(content)
	}
	return files
}
