//go:build !linux

package process

import "syscall"

func bindToParent(*syscall.SysProcAttr, syscall.Signal) {}
