package rediscluster

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
)

// MinVersion is the oldest major version of Redis that Guildhall works with: 7.0 brought sharded pub/sub.
const MinVersion = 7

var versionNumber = regexp.MustCompile(`\bv=(\d+)\.`)

// Find returns the path of redis-server. The error says what was found.
func Find(ctx context.Context) (string, error) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		return "", fmt.Errorf("redis-server %d or later not found on the PATH", MinVersion)
	}
	output, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", path, err)
	}
	match := versionNumber.FindSubmatch(output)
	if match == nil {
		return "", fmt.Errorf("%s --version: no version in %q", path, output)
	}
	if version, err := strconv.Atoi(string(match[1])); err != nil || version < MinVersion {
		return "", fmt.Errorf("redis-server %d or later needed, %s is %s", MinVersion, path, output)
	}
	return path, nil
}
