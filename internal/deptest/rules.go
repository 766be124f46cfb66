// Package deptest keeps imports pointing one way. Its test lists every package of the module and fails on an import that
// the rules here don't allow.
package deptest

import "strings"

// mayImport holds, for each folder at the top, which folders its packages may import besides each other. A service may not
// import another.
var mayImport = map[string][]string{
	"api-types":    {},
	"internal":     {},
	"api":          {"internal"},
	"gateway":      {"internal"},
	"shard-router": {"internal"},
	"operator":     {"api-types", "internal/sharding", "internal/config", "internal/telemetry", "internal/metrics"},
	"monitoring":   {},
	"hack":         {"api-types", "internal"},
	"examples":     {},
	"test":         {"api-types", "internal", "hack", "examples", "monitoring"},
}

// testSupport are packages for tests only. They may use the developer's tools to start real servers.
var testSupport = []string{"internal/pgtest", "internal/redistest", "internal/metrics/page", "api/apitest", "monitoring/promtool"}

// described is what runbooks tell people to look at: tests hold their commands against what the operator makes.
var described = []string{"operator/resources", "api-types"}

// clientSide is a client's reading of the wire, which shares no code with the servers: tests anywhere may hold them against it.
const clientSide = "test/wire"

// refuse says why package from may not import package to, or "". Both are paths within the module. test says that the import
// is in a test file.
func refuse(from, to string, test bool) string {
	allowed, known := mayImport[top(from)]
	switch {
	case !known:
		return "the folder " + top(from) + " has no rule"
	case within(to, testSupport) && !test && !within(from, testSupport) && top(from) != "test":
		return "only tests may use it"
	case top(from) == top(to), within(to, allowed), test && to == clientSide:
		return ""
	case test && top(from) == "monitoring" && within(to, described):
		return ""
	case within(from, testSupport) && top(to) == "hack", top(from) == "hack" && top(to) == "test" && test:
		return ""
	case len(allowed) == 0:
		return top(from) + " imports nothing of this module but itself"
	}
	return top(from) + " may only import " + strings.Join(allowed, ", ")
}

func top(path string) string {
	folder, _, _ := strings.Cut(path, "/")
	return folder
}

// within reports whether the path is one of the folders or below it.
func within(path string, folders []string) bool {
	for _, folder := range folders {
		if path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
