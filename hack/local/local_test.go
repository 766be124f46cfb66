package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/hack/local/status"
	"guildhall.chat/guildhall/test/platform"
)

// answer is what the services in testdata answer.
type answer struct {
	Service, Args string
	Starts, PID   int
}

// standIns builds the service in testdata under the name of each of the services.
func standIns(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	built := filepath.Join(dir, "api")
	if output, err := exec.Command("go", "build", "-o", built, "./testdata/service").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, name := range []string{"gateway", "shard-router"} {
		if err := os.Link(built, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func ask(t *testing.T, url string) (int, answer) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	var got answer
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v in %s", url, err, body)
	}
	return response.StatusCode, got
}

func askWebSocket(t *testing.T, url string) answer {
	t.Helper()
	conn, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(url, "http"), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	defer func() { _ = conn.Close() }()
	var got answer
	if err := conn.ReadJSON(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// TestPlatform goes through the life of one platform; its parts share it because each start costs seconds.
func TestPlatform(t *testing.T) {
	t.Parallel()
	p := platform.Start(t, platform.Options{Bin: standIns(t), Shards: 2, RateLimitsOff: true})

	t.Run("the front door leads to api and router", func(t *testing.T) {
		code, api := ask(t, p.URL+"/api/v10/gateway")
		if code != 200 || api.Service != "api" || api.Starts != 1 || !strings.HasPrefix(api.Args, "serve ") {
			t.Errorf("%d %+v", code, api)
		}
		for _, want := range []string{"--rate-limits off", "--shards 2", "--public-url " + p.URL, "--mail-dir " + p.MailDir(t)} {
			if !strings.Contains(api.Args, want) {
				t.Errorf("api was not told %q: %s", want, api.Args)
			}
		}
		router := askWebSocket(t, p.URL+"/?v=10")
		want := "--pods 0/gateway-0-0@" + p.Addr(t, "gateway-0", "listen") + ",1/gateway-1-0@" + p.Addr(t, "gateway-1", "listen")
		if router.Service != "shard-router" || !strings.Contains(router.Args, want) {
			t.Errorf("%+v", router)
		}
	})

	t.Run("every child comes back after kill -9", func(t *testing.T) {
		for _, name := range []string{"api", "worker", "gateway-1", "shard-router", "redis-1", "postgres"} {
			p.Kill(t, name)
			p.AwaitReady(t, name)
			if !strings.Contains(p.Logs(t), name+" ended (signal: killed)") {
				t.Errorf("the log does not tell of the end of %s", name)
			}
		}
		if _, api := ask(t, p.URL+"/api"); api.PID != p.Child(t, "api").PID {
			t.Errorf("api is pid %d, the status says %d", api.PID, p.Child(t, "api").PID)
		}
	})

	t.Run("secrets are for the owner alone", func(t *testing.T) {
		files, err := filepath.Glob(filepath.Join(p.Data, "secrets", "*"))
		if err != nil || len(files) < 4 {
			t.Fatalf("%v, %v", files, err)
		}
		for _, path := range append(files, filepath.Join(p.Data, status.FileName)) {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", path, info.Mode(), err)
			}
		}
	})

	before := p.Child(t, "postgres").Ports["listen"]
	p.Restart(t)
	t.Run("data and ports outlive a stop", func(t *testing.T) {
		if _, api := ask(t, p.URL+"/api"); api.Starts != 2 {
			t.Errorf("the database knows of %d starts", api.Starts)
		}
		if after := p.Child(t, "postgres").Ports["listen"]; after != before {
			t.Errorf("postgres moved from port %d to %d", before, after)
		}
	})

	orphans := pids(t, p)
	p.Crash(t)
	t.Run("data outlives the supervisor's death, its children don't", func(t *testing.T) {
		for name, pid := range orphans {
			if err := syscall.Kill(pid, 0); err == nil && !zombie(pid) {
				t.Errorf("%s, pid %d, still runs", name, pid)
			}
		}
		if _, api := ask(t, p.URL+"/api"); api.Starts != 3 {
			t.Errorf("the database knows of %d starts", api.Starts)
		}
	})

	t.Run("the database belongs to a role without privileges", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), p.PostgresDSN(t))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(context.Background()) }()
		var privileged bool
		err = conn.QueryRow(t.Context(), `SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user`).Scan(&privileged)
		if err != nil || privileged {
			t.Errorf("privileged: %v, %v", privileged, err)
		}
	})
}

func pids(t *testing.T, p *platform.Platform) map[string]int {
	t.Helper()
	current, err := status.Read(p.Data)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]int{}
	for _, child := range current.Children {
		all[child.Name] = child.PID
	}
	return all
}

// zombie says whether pid has ended and waits only for init to take note.
func zombie(pid int) bool {
	stat, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err != nil || strings.HasPrefix(string(stat), "Z")
}

func TestPortsThatOthersTookAreReplaced(t *testing.T) {
	t.Parallel()
	p := platform.Start(t, platform.Options{Bin: standIns(t), Shards: 1})
	taken := map[string]int{}
	book := filepath.Join(p.Data, "ports.json")
	content, err := os.ReadFile(book)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &taken); err != nil {
		t.Fatal(err)
	}
	// As if this test were who took them: all remembered ports become one that is in use.
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	for name := range taken {
		taken[name] = listener.Addr().(*net.TCPAddr).Port
	}
	if content, err = json.Marshal(taken); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(book, content, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Restart(t) // the Redis nodes find each other at their new addresses
	if _, api := ask(t, p.URL+"/api"); api.Starts != 2 {
		t.Errorf("the database knows of %d starts", api.Starts)
	}
}
