package postgres

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// MinVersion is the oldest major version of PostgreSQL that Guildhall works with.
const MinVersion = 15

// Binaries is an installed PostgreSQL.
type Binaries struct {
	Dir     string // holds initdb and postgres
	Version int    // major
}

// places where packages put PostgreSQL, which is seldom on the PATH.
var places = []string{
	"/usr/lib/postgresql/*/bin",          // Debian
	"/usr/pgsql-*/bin",                   // PGDG on Red Hat
	"/opt/homebrew/opt/postgresql@*/bin", // Homebrew
	"/usr/local/opt/postgresql@*/bin",
}

var versionNumber = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// Find returns the newest installed PostgreSQL, or exactly version if that isn't 0. The error says what was found.
func Find(ctx context.Context, version int) (Binaries, error) {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil { // a link there need not have its sisters beside it
			path = target
		}
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, place := range places {
		matches, _ := filepath.Glob(place) // the only error is a malformed pattern
		dirs = append(dirs, matches...)
	}
	var best Binaries
	var found []string
	for _, dir := range dirs {
		candidate, err := inspect(ctx, dir)
		if err != nil {
			continue
		}
		found = append(found, fmt.Sprintf("%d in %s", candidate.Version, dir))
		if (version == 0 && candidate.Version >= MinVersion || candidate.Version == version) && candidate.Version > best.Version {
			best = candidate
		}
	}
	if best.Dir != "" {
		return best, nil
	}
	wanted := fmt.Sprintf("PostgreSQL %d or later", MinVersion)
	if version != 0 {
		wanted = fmt.Sprintf("PostgreSQL %d", version)
	}
	return Binaries{}, fmt.Errorf("%s not found (found: %v)", wanted, found)
}

func inspect(ctx context.Context, dir string) (Binaries, error) {
	if _, err := os.Stat(filepath.Join(dir, "initdb")); err != nil {
		return Binaries{}, err
	}
	output, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Binaries{}, err
	}
	match := versionNumber.FindSubmatch(output)
	if match == nil {
		return Binaries{}, fmt.Errorf("%s: no version in %q", dir, output)
	}
	version, err := strconv.Atoi(string(match[1]))
	return Binaries{Dir: dir, Version: version}, err
}
