// Package status is the file in which a running platform says what runs and where: people look there for a port, tests for
// a pid to kill.
package status

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// FileName is the status file's name in the data directory. It exists while the platform runs.
const FileName = "platform.json"

// HoldDir is a directory below the data directory. While it has a file with the name of a child, that child is not started
// again after it has ended: so a test keeps it away.
const HoldDir = "hold"

// Platform is the content of the file.
type Platform struct {
	URL         string  `json:"url"`
	PID         int     `json:"pid"` // of the supervisor
	PostgresDSN string  `json:"postgres_dsn"`
	MailDir     string  `json:"mail_dir"`
	Children    []Child `json:"children"` // in the order of their start
}

// Child is one process of the platform.
type Child struct {
	Name     string         `json:"name"`
	PID      int            `json:"pid"` // 0: not running now
	Ready    bool           `json:"ready"`
	Restarts int            `json:"restarts"`        // after it ended by itself
	Ports    map[string]int `json:"ports,omitempty"` // on 127.0.0.1, by use: listen, admin, bus
	Log      string         `json:"log"`
}

// Child returns the child with the name, or false.
func (p Platform) Child(name string) (Child, bool) {
	for _, child := range p.Children {
		if child.Name == name {
			return child, true
		}
	}
	return Child{}, false
}

// Read reads the status file of the platform in dataDir.
func Read(dataDir string) (Platform, error) {
	content, err := os.ReadFile(filepath.Join(dataDir, FileName))
	if err != nil {
		return Platform{}, fmt.Errorf("platform status: %w", err)
	}
	var platform Platform
	if err := json.Unmarshal(content, &platform); err != nil {
		return Platform{}, fmt.Errorf("platform status: %w", err)
	}
	return platform, nil
}

// Write replaces the status file in one step, so that a reader never sees half of it.
func Write(dataDir string, platform Platform) error {
	content, err := json.MarshalIndent(platform, "", "  ")
	if err != nil {
		return fmt.Errorf("platform status: %w", err)
	}
	path := filepath.Join(dataDir, FileName)
	if err := os.WriteFile(path+".new", append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("platform status: %w", err)
	}
	return os.Rename(path+".new", path)
}

// Remove removes the status file.
func Remove(dataDir string) error {
	return os.Remove(filepath.Join(dataDir, FileName))
}
