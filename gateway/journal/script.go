package journal

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

//go:embed append.lua
var appendSource string

//go:embed restart.lua
var restartSource string

//go:embed read.lua
var readSource string

//go:embed put.lua
var putSource string

//go:embed update.lua
var updateSource string

//go:embed remove.lua
var removeSource string

var (
	appendScript  = redis.NewScript(appendSource)
	restartScript = redis.NewScript(restartSource)
	readScript    = redis.NewScript(readSource)
	putScript     = redis.NewScript(putSource)
	updateScript  = redis.NewScript(updateSource)
	removeScript  = redis.NewScript(removeSource)
)
