package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"guildhall.chat/guildhall/hack/local/scratch"
)

// buildTimeout bounds a build with an empty cache on a busy machine.
const buildTimeout = 10 * time.Minute

// Built once a test binary, each into a directory that a later test binary sweeps.
var (
	buildSupervisor = sync.OnceValues(func() (scratch.Dir, error) { return build("./hack/local") })
	buildServices   = sync.OnceValues(func() (scratch.Dir, error) { return build("./api", "./gateway", "./shard-router") })
)

// build builds packages of this module into a directory, each under the last element of its path.
func build(packages ...string) (scratch.Dir, error) {
	root, err := moduleRoot()
	if err != nil {
		return scratch.Dir{}, err
	}
	dir, err := scratch.New("bin")
	if err != nil {
		return scratch.Dir{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	args := append([]string{"build", "-o", dir.Path + string(filepath.Separator)}, packages...)
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build does
	if output, err := cmd.CombinedOutput(); err != nil {
		return scratch.Dir{}, fmt.Errorf("build %v: %w\n%s", packages, err, output)
	}
	return dir, nil
}

// moduleRoot finds the directory of go.mod above the working directory, which go test sets to the package's.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
}
