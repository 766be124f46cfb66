package install

import (
	"errors"
	"fmt"
	"os"
)

const (
	// policyFile is the program that Debian's packages ask whether they may start their services, if it exists.
	policyFile = "/usr/sbin/policy-rc.d"
	// forbid is a policy that lets none start.
	// https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
	forbid = "#!/bin/sh\nexit 101\n"
)

// withoutServices keeps packages that do installs from starting their services: we run the programs ourselves, on ports of
// our own. A policy that is there already is left to decide.
func withoutServices(policy string, do func() error) (err error) {
	file, err := os.OpenFile(policy, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if errors.Is(err, os.ErrExist) {
		return do()
	}
	if err != nil {
		return fmt.Errorf("keep services from starting: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(policy)) }()
	_, err = file.WriteString(forbid)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("keep services from starting: %w", err)
	}
	return do()
}
