// Package ports chooses free loopback ports at random and remembers them, so that a port stays the same from one start of
// the platform to the next unless somebody else has taken it meanwhile.
package ports

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
)

// Ports come from below the range that Linux takes for outgoing connections (32768 and up, ip(7)): there, any client on
// this machine could take a port while the child that owns it restarts.
const (
	lowest  = 20_000
	highest = 32_000
)

// Free returns a loopback TCP port on which nobody listens.
func Free() (int, error) {
	var lastErr error
	for range 100 {
		port := lowest + rand.IntN(highest-lowest)
		if lastErr = check(port); lastErr == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d: %w", lowest, highest, lastErr)
}

// Addr returns the loopback address of port.
func Addr(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

func check(port int) error {
	listener, err := net.Listen("tcp4", Addr(port))
	if err != nil {
		return err
	}
	return listener.Close()
}

// Book remembers ports by name in a file.
type Book struct {
	path string

	mu         sync.Mutex
	remembered map[string]int
	given      map[int]bool // in this run
}

// Open reads the book at path; no file is an empty book.
func Open(path string) (*Book, error) {
	book := &Book{path: path, remembered: map[string]int{}, given: map[int]bool{}}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return book, nil
	}
	if err != nil {
		return nil, fmt.Errorf("remembered ports: %w", err)
	}
	if err := json.Unmarshal(content, &book.remembered); err != nil {
		return nil, fmt.Errorf("remembered ports: %s: %w", path, err)
	}
	return book, nil
}

// Port returns the port that name had, if it is free, else another one, which it remembers.
func (b *Book) Port(name string) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if port, ok := b.remembered[name]; ok && !b.given[port] && check(port) == nil {
		b.given[port] = true
		return port, nil
	}
	for {
		port, err := Free()
		if err != nil {
			return 0, err
		}
		if b.given[port] {
			continue
		}
		b.given[port] = true
		b.remembered[name] = port
		return port, b.save()
	}
}

func (b *Book) save() error {
	content, err := json.MarshalIndent(b.remembered, "", "  ")
	if err != nil {
		return fmt.Errorf("remembered ports: %w", err)
	}
	if err := os.WriteFile(b.path, content, 0o600); err != nil {
		return fmt.Errorf("remembered ports: %w", err)
	}
	return nil
}
