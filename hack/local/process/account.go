package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Account is the user that a child runs as. The zero value is the user of this process.
type Account struct {
	Name     string // empty: ours
	uid, gid uint32
}

// Unprivileged returns our own account, or, if we are root, the first of names that exists: PostgreSQL refuses to run as
// root.
func Unprivileged(names ...string) (Account, error) {
	if os.Geteuid() != 0 {
		return Account{}, nil
	}
	for _, name := range names {
		entry, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(entry.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(entry.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			return Account{}, fmt.Errorf("user %s: %w", name, err)
		}
		return Account{Name: name, uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return Account{}, fmt.Errorf("running as root, and none of the users %v exists", names)
}

// Apply makes cmd run as the account.
func (a Account) Apply(cmd *exec.Cmd) {
	if a.Name != "" {
		attributes(cmd).Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
}

// Own gives path, not what is below it, to the account.
func (a Account) Own(path string) error {
	if a.Name == "" {
		return nil
	}
	return os.Lchown(path, int(a.uid), int(a.gid))
}

// CanReach says whether the account may pass through every directory above and including dir.
func (a Account) CanReach(dir string) bool {
	if a.Name == "" {
		return true
	}
	for {
		info, err := os.Stat(dir)
		if err != nil || !a.mayPass(info) {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

func (a Account) mayPass(dir os.FileInfo) bool {
	const owner, group, other = 0o100, 0o010, 0o001
	stat, ok := dir.Sys().(*syscall.Stat_t)
	if !ok {
		return false
	}
	switch {
	case stat.Uid == a.uid:
		return dir.Mode()&owner != 0
	case stat.Gid == a.gid:
		return dir.Mode()&group != 0
	default:
		return dir.Mode()&other != 0
	}
}
