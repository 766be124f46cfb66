package process

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// pollInterval is how often Spawn asks whether the child is ready.
const pollInterval = 25 * time.Millisecond

// Spawn starts cmd with its output in the file log, and waits until ready returns nil. It fails, with the end of the log,
// when cmd exits or ctx ends first. It leaves no goroutine behind, so that tests can look for leaks; the caller kills the
// child, or lets it die with this process (Bind).
func Spawn(ctx context.Context, cmd *exec.Cmd, log string, ready func(context.Context) error) error {
	output, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = output.Close() }()
	cmd.Stdout, cmd.Stderr = output, output
	if err := cmd.Start(); err != nil {
		return err
	}
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		notReady := ready(ctx)
		if notReady == nil {
			return nil
		}
		if exited(cmd.Process.Pid) {
			return fmt.Errorf("%s exited at once; its log %s ends:\n%s", cmd.Path, log, Tail(log))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			_ = cmd.Process.Kill()
			return fmt.Errorf("waiting for %s to be ready: %w (%w); its log %s ends:\n%s", cmd.Path, ctx.Err(), notReady, log, Tail(log))
		}
	}
}

func exited(pid int) bool {
	var status syscall.WaitStatus
	reaped, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
	return err == nil && reaped == pid
}

// Tail returns the last lines of a log file, at most 2 KB, or says why it can't.
func Tail(log string) string {
	const most = 2 << 10
	content, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	if len(content) > most {
		content = content[len(content)-most:]
	}
	return string(content)
}
