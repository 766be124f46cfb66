package config

import (
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// platformVariables are read by the local platform (hack/local), not by the services; a shell may export them for all.
var platformVariables = []string{Prefix + "_ADDR", Prefix + "_DATA"}

// serviceLink matches the names of the variables with which the kubelet announces a Service to every pod of its
// namespace, as for a Service guildhall-api.
// https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables
var serviceLink = regexp.MustCompile(`_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$`)

// checkEnvironment refuses each GUILDHALL_ variable that no flag of any command reads: a typing error would otherwise
// leave a setting at its default without a word. A flag of another command is fine, so that commands of one program
// can share an environment.
func checkEnvironment(root *kong.Node, environ []string) error {
	known := slices.Clone(platformVariables)
	var collect func(*kong.Node)
	collect = func(node *kong.Node) {
		for _, flag := range node.Flags {
			known = append(known, flag.Envs...)
		}
		for _, child := range node.Children {
			collect(child)
		}
	}
	collect(root)

	var unknown []string
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, Prefix+"_") || slices.Contains(known, name) || isServiceLink(name, value) {
			continue
		}
		unknown = append(unknown, name)
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return Errorf("unknown environment variable %s: no flag has this name (see --help)", strings.Join(unknown, ", "))
}

func isServiceLink(name, value string) bool {
	// <SERVICE>_PORT is too likely a typing error to be let through by its name alone.
	return serviceLink.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}
