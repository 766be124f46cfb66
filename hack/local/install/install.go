// Package install finds PostgreSQL and Redis on this machine, and on Debian, as root, installs what is missing.
package install

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/rediscluster"
)

// Programs are the servers that the platform runs.
type Programs struct {
	Postgres postgres.Binaries
	Redis    string // path of redis-server
}

// Find finds the programs. postgresVersion is the major version that existing data needs, or 0.
func Find(ctx context.Context, postgresVersion int) (Programs, error) {
	pg, pgErr := postgres.Find(ctx, postgresVersion)
	redis, redisErr := rediscluster.Find(ctx)
	return Programs{Postgres: pg, Redis: redis}, errors.Join(pgErr, redisErr)
}

// Ensure finds the programs and installs what is missing, telling progress; where it can't, its error says what to
// install.
func Ensure(ctx context.Context, postgresVersion int, progress io.Writer) (Programs, error) {
	programs, err := Find(ctx, postgresVersion)
	if err == nil {
		return programs, nil
	}
	packages := missing(programs, postgresVersion)
	if !isDebian() || os.Geteuid() != 0 {
		return Programs{}, fmt.Errorf("%w\n%s", err, advice(packages))
	}
	if err := aptInstall(ctx, packages, progress); err != nil {
		return Programs{}, err
	}
	return Find(ctx, postgresVersion)
}

// missing names the Debian packages of the programs that were not found.
func missing(programs Programs, postgresVersion int) (packages []string) {
	if programs.Postgres.Dir == "" {
		name := "postgresql"
		if postgresVersion != 0 {
			name = fmt.Sprintf("postgresql-%d", postgresVersion)
		}
		packages = append(packages, name)
	}
	if programs.Redis == "" {
		packages = append(packages, "redis-server")
	}
	return packages
}

func advice(packages []string) string {
	switch {
	case isDebian():
		return "install it as root: apt-get install --no-install-recommends " + strings.Join(packages, " ")
	case runtime.GOOS == "darwin":
		return "install it: brew install postgresql@17 redis"
	default:
		return fmt.Sprintf("install PostgreSQL (%d or later) and Redis (%d or later, redis-server on the PATH) with your system's packages",
			postgres.MinVersion, rediscluster.MinVersion)
	}
}

// isDebian says whether this is Debian or one of its derivatives (os-release(5)).
func isDebian() bool {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(release)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if (key == "ID" || key == "ID_LIKE") && strings.Contains(value, "debian") {
			return true
		}
	}
	return false
}

func aptInstall(ctx context.Context, packages []string, progress io.Writer) error {
	return withoutServices(policyFile, func() error {
		for _, args := range [][]string{
			{"update"},
			append([]string{"install", "--yes", "--no-install-recommends"}, packages...),
		} {
			_, _ = fmt.Fprintf(progress, "apt-get %s\n", strings.Join(args, " "))
			cmd := exec.CommandContext(ctx, "apt-get", args...)
			cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			cmd.Stdout, cmd.Stderr = progress, progress
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("apt-get %s: %w", args[0], err)
			}
		}
		return nil
	})
}
