package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

type serve struct {
	Common
	Redis
	Fetch
	Shards   int    `default:"2"`
	SMTPAddr string `name:"smtp-addr"`

	ran bool
	err error
}

func (s *serve) Run(ctx context.Context) error {
	s.ran = ctx != nil
	return s.err
}

type cli struct {
	Serve  serve   `cmd:""`
	Second another `cmd:""`
}

type another struct {
	OnlyHere string
}

func (*another) Run() error { return nil }

// start runs the command line with the given environment; variables are also set for real, since kong reads them so.
func start(t *testing.T, cli any, environ []string, args ...string) (code int, stderr string) {
	t.Helper()
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		t.Setenv(name, value)
	}
	var out bytes.Buffer
	code = run(t.Context(), "program", "", cli, args, environ, &out)
	return code, out.String()
}

func TestFlagsWinOverEnvironment(t *testing.T) {
	var c cli
	code, stderr := start(t, &c,
		[]string{"GUILDHALL_SECRETS=/from/env", "GUILDHALL_SHARDS=7", "GUILDHALL_REDIS_ADDRS=a:1,b:2", "GUILDHALL_SMTP_ADDR=m:25", "GUILDHALL_LOG_LEVEL=debug"},
		"serve", "--shards", "3")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	s := c.Serve
	if !s.ran || s.Secrets != "/from/env" || s.Shards != 3 || strings.Join(s.RedisAddrs, " ") != "a:1 b:2" ||
		s.SMTPAddr != "m:25" || s.LogLevel != slog.LevelDebug {
		t.Fatalf("parsed as %+v", s)
	}
}

func TestMistakesExitWith2AndNameTheKey(t *testing.T) {
	good := []string{"serve", "--secrets", "/s", "--redis-addrs", "a:1"}
	cases := map[string]struct {
		environ []string
		args    []string
		want    string
	}{
		"unknown variable":     {[]string{"GUILDHALL_SHARD=1"}, good, "GUILDHALL_SHARD:"},
		"typing error of port": {[]string{"GUILDHALL_ADMIN_PORT=9"}, good, "GUILDHALL_ADMIN_PORT"},
		"bad variable":         {[]string{"GUILDHALL_SHARDS=two"}, good, "GUILDHALL_SHARDS"},
		"unknown flag":         {nil, append(good, "--no-such"), "--no-such"},
		"bad flag":             {nil, append(good, "--shards", "two"), "--shards"},
		"bad level":            {nil, append(good, "--log-level", "loud"), "--log-level"},
		"missing flag":         {nil, []string{"serve", "--redis-addrs", "a:1"}, "--secrets"},
		"no command":           {nil, nil, "serve"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			code, stderr := start(t, &cli{}, c.environ, c.args...)
			if code != 2 || !strings.Contains(stderr, c.want) {
				t.Fatalf("exit %d, %q does not name %s", code, stderr, c.want)
			}
		})
	}
}

func TestNetworksAreParsed(t *testing.T) {
	var c cli
	code, stderr := start(t, &c, []string{"GUILDHALL_FETCH_ALLOW=10.0.0.0/8,fd00::/8"}, "serve", "--secrets", "/s", "--redis-addrs", "a:1")
	if want := "[10.0.0.0/8 fd00::/8]"; code != 0 || fmt.Sprint(c.Serve.FetchAllow) != want {
		t.Errorf("exit %d, %v, want %s: %s", code, c.Serve.FetchAllow, want, stderr)
	}
	code, stderr = start(t, &c, nil, "serve", "--secrets", "/s", "--redis-addrs", "a:1", "--fetch-allow", "10.0.0.0")
	if code != 2 || !strings.Contains(stderr, "fetch-allow") {
		t.Errorf("no network: exit %d: %s", code, stderr)
	}
}

func TestForeignVariablesAreLeftAlone(t *testing.T) {
	code, stderr := start(t, &cli{}, []string{
		"GUILDHALLISH=1", "PATH=/bin",
		"GUILDHALL_ADDR=127.0.0.1:8080", "GUILDHALL_DATA=/d", // of the local platform
		"GUILDHALL_ONLY_HERE=1",                       // of another command
		"GUILDHALL_API_SERVICE_HOST=10.0.0.1",         // of the kubelet
		"GUILDHALL_API_SERVICE_PORT_HTTP=80",          //
		"GUILDHALL_API_PORT=tcp://10.0.0.1:80",        //
		"GUILDHALL_API_PORT_80_TCP=tcp://10.0.0.1:80", //
		"GUILDHALL_API_PORT_80_TCP_ADDR=10.0.0.1",     //
	}, "serve", "--secrets", "/s", "--redis-addrs", "a:1")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
}

func TestExitCodeTellsMistakeFromFailure(t *testing.T) {
	args := []string{"serve", "--secrets", "/s", "--redis-addrs", "a:1"}
	failed := cli{Serve: serve{err: errors.New("postgres is away")}}
	if code, stderr := start(t, &failed, nil, args...); code != 1 || !strings.Contains(stderr, "program: postgres is away") {
		t.Errorf("failure: exit %d, %q", code, stderr)
	}
	mistaken := cli{Serve: serve{err: Errorf("--shards: must be positive")}}
	if code, _ := start(t, &mistaken, nil, args...); code != 2 {
		t.Errorf("mistake: exit %d", code)
	}
}
