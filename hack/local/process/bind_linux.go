package process

import "syscall"

// Linux sends the signal when the thread that started the child ends (prctl(2), PR_SET_PDEATHSIG). The Go runtime ends a
// thread only together with a goroutine that locked it, and nothing here does that.
func bindToParent(attributes *syscall.SysProcAttr, death syscall.Signal) {
	attributes.Pdeathsig = death
}
