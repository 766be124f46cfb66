//go:build linux

package node

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Init is the first process of the cluster's namespaces. It closes them off, starts Run in a process of its own and reaps
// every orphan until that ends.
func Init(dir string) error {
	c, err := Open(dir)
	if err != nil {
		return err
	}
	if err := c.isolate(); err != nil {
		return fmt.Errorf("close off the namespaces: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "run", dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	pipe := os.NewFile(3, "progress")
	cmd.ExtraFiles = []*os.File{pipe}
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = pipe.Close() // so that Up sees the end of Run
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return err
		case pid == cmd.Process.Pid:
			return fmt.Errorf("the cluster has ended: %d", status.ExitStatus())
		}
	}
}
