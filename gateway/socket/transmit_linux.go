package socket

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// briefWrite is up to how many bytes a write takes as long as any other thing that the runtime does not interrupt.
const briefWrite = 16 << 10

// write writes what the kernel takes at once. For short pieces it does not tell the runtime, which would be prepared to lend the
// processor to others meanwhile: the call does not block, and that costs a tenth of it.
func write(fd int, buf []byte) (int, error) {
	if len(buf) == 0 || len(buf) > briefWrite {
		return unix.Write(fd, buf)
	}
	data := unsafe.Pointer(&buf[0]) //nolint:gosec // buf is not empty, and is alive during the call
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(data), uintptr(len(buf)))
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
