package rig

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/process"
)

// Pgbench has so many clients run a script so often each, as prepared statements, and nothing else.
// https://www.postgresql.org/docs/15/pgbench.html
func (r *Rig) Pgbench(ctx context.Context, dsn, script string, clients, times int) error {
	binary, err := pgbench(ctx)
	if err != nil {
		return err
	}
	file := r.File(fmt.Sprintf("pgbench-%d.sql", r.number()))
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, "--no-vacuum", "--protocol=prepared",
		"--client="+strconv.Itoa(clients), "--jobs=2", "--transactions="+strconv.Itoa(times), "--define=n=0", "--file="+file, dsn)
	process.Bind(cmd, syscall.SIGKILL)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgbench: %w\n%s", err, output)
	}
	return nil
}

// pgbench finds the program: on the PATH or beside the server's, of which there may be links elsewhere.
func pgbench(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("pgbench"); err == nil {
		return path, nil
	}
	binaries, err := postgres.Find(ctx, 0)
	if err != nil {
		return "", err
	}
	server, err := filepath.EvalSymlinks(filepath.Join(binaries.Dir, "postgres"))
	if err != nil {
		return "", err
	}
	path := filepath.Join(filepath.Dir(server), "pgbench")
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("pgbench, of PostgreSQL's contrib programs: %w", err)
	}
	return path, nil
}
