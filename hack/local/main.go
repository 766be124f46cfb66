// Command local runs the whole platform on one machine: a private PostgreSQL and Redis Cluster, the same service binaries
// as on Kubernetes, and one front door. Ctrl-C stops all of it; the data stays.
package main

import (
	"context"
	"fmt"
	"os"

	"guildhall.chat/guildhall/hack/local/install"
	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	Run     runCommand     `cmd:"" default:"withargs" help:"Run the platform until Ctrl-C."`
	Install installCommand `cmd:"" help:"Install PostgreSQL and Redis if they are missing (on Debian, as root)."`
}

type installCommand struct {
	Tests bool `help:"Also what only tests need: a C compiler, Node.js and Python with zstandard."`
}

// Run installs what is missing.
func (c *installCommand) Run(ctx context.Context) error {
	programs, err := install.Ensure(ctx, 0, os.Stdout)
	if err != nil {
		return err
	}
	fmt.Printf("PostgreSQL %d: %s\nRedis: %s\n", programs.Postgres.Version, programs.Postgres.Dir, programs.Redis)
	if c.Tests {
		return install.EnsureTestTools(ctx, os.Stdout)
	}
	return nil
}

func main() {
	config.Run("local", "Guildhall on one machine, for development and tests.", &cli{})
}
