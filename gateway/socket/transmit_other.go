//go:build !linux

package socket

import "golang.org/x/sys/unix"

// write writes what the kernel takes at once.
func write(fd int, buf []byte) (int, error) { return unix.Write(fd, buf) }
