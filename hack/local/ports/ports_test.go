package ports

import (
	"net"
	"path/filepath"
	"testing"
)

func open(t *testing.T, path string) *Book {
	t.Helper()
	book, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func port(t *testing.T, book *Book, name string) int {
	t.Helper()
	port, err := book.Port(name)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestPortsAreRememberedWhileTheyAreFree(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ports.json")
	first := open(t, path)
	api, redis := port(t, first, "api"), port(t, first, "redis")
	if api == redis {
		t.Fatalf("both have port %d", api)
	}
	if again := port(t, open(t, path), "api"); again != api {
		t.Errorf("%d, then %d", api, again)
	}

	listener, err := net.Listen("tcp4", Addr(api))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	third := open(t, path)
	moved := port(t, third, "api")
	if moved == api {
		t.Errorf("port %d is taken", api)
	}
	if stayed := port(t, third, "redis"); stayed != redis {
		t.Errorf("redis moved from %d to %d", redis, stayed)
	}
	if again := port(t, open(t, path), "api"); again != moved {
		t.Errorf("the new port %d was forgotten for %d", moved, again)
	}
}
