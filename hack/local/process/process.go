// Package process ties child processes to this one: they get no signal from the terminal, run as the account that they
// should, and do not outlive us.
package process

import (
	"os/exec"
	"syscall"
)

// Bind puts cmd in a process group of its own, so that Ctrl-C reaches only this process, which then stops its children in
// order. On Linux cmd also gets the signal death when this process ends, however it ends; elsewhere a SIGKILL of this
// process leaves cmd running.
func Bind(cmd *exec.Cmd, death syscall.Signal) {
	attributes(cmd).Setpgid = true
	bindToParent(attributes(cmd), death)
}

func attributes(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	return cmd.SysProcAttr
}
