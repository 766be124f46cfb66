package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"guildhall.chat/guildhall/hack/local/process"
)

// Follow makes the data directory of s a copy of the primary's, which the DSN of its superuser names; from that s starts as a
// streaming standby.
// https://www.postgresql.org/docs/15/app-pgbasebackup.html
func (s *Server) Follow(ctx context.Context, primary string) error {
	if err := os.Mkdir(s.Dir, 0o700); err != nil {
		return fmt.Errorf("copy the primary: %w", err)
	}
	if err := s.Account.Own(s.Dir); err != nil {
		return fmt.Errorf("copy the primary: %w", err)
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.Binaries.Dir, "pg_basebackup"),
		"--dbname", primary, "--pgdata", s.Dir, "--write-recovery-conf", "--checkpoint", "fast", "--no-sync")
	cmd.Dir = "/"
	process.Bind(cmd, syscall.SIGKILL)
	s.Account.Apply(cmd)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("copy the primary to %s: %w\n%s", s.Dir, err, output)
	}
	return nil
}
