package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/supervise"
	"guildhall.chat/guildhall/internal/config"
)

// drainPeriod is shorter than on Kubernetes: nobody else takes over here, and somebody waits for the prompt.
const drainPeriod = "2s"

func gatewayName(shard int) string { return fmt.Sprintf("gateway-%d", shard) }

// podName is the gateway's name as its StatefulSet would give it on Kubernetes.
func podName(shard, ordinal int) string { return fmt.Sprintf("gateway-%d-%d", shard, ordinal) }

// numbered are the names of children of which there are count: the first has the plain name.
func numbered(name string, count int) []string {
	names := []string{name}
	for i := 1; i < count; i++ {
		names = append(names, fmt.Sprintf("%s-%d", name, i))
	}
	return names
}

func (p *platform) migrate(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	return p.supervisor.Complete(ctx, p.service("migrate", "api", "migrate"))
}

// startServices starts what serves clients and the worker, which need only the stores.
func (p *platform) startServices(ctx context.Context) error {
	redis := []string{"--redis-addrs", strings.Join(p.redis.Addrs(), ",")}
	serve := append([]string{"serve",
		"--public-url", p.url, "--gateway-url", p.gatewayURL(),
		"--shards", strconv.Itoa(p.options.Shards),
		"--rate-limits", p.options.RateLimits,
		"--mail-dir", p.data.file("mail"), "--mail-from", "guildhall@localhost",
		"--files-dir", p.data.file("files"),
	}, redis...)
	serve = append(append(serve, p.resumeWindow()...), p.fetchAllow()...)
	if p.options.RequireVerifiedEmail {
		serve = append(serve, "--require-verified-email")
	}
	worker := append([]string{"worker", "--files-dir", p.data.file("files")}, append(redis, p.resumeWindow()...)...)
	worker = append(worker, p.fetchAllow()...)
	children := []supervise.Child{p.service("worker", "api", worker...)}
	for _, name := range numbered("api", p.options.APIs) {
		children = append(children, p.service(name, "api", append(slices.Clone(serve), "--listen", p.addr(name))...))
	}
	for shard := range p.options.Shards {
		for ordinal, name := range numbered(gatewayName(shard), p.options.GatewayPods) {
			args := append([]string{"--listen", p.addr(name), "--gateway-url", p.gatewayURL(),
				"--shard", strconv.Itoa(shard), "--pod", podName(shard, ordinal),
				"--drain-period", drainPeriod,
			}, redis...)
			args = append(args, p.heartbeatInterval()...)
			args = append(args, p.resumeWindow()...)
			children = append(children, p.service(name, "gateway", args...))
		}
	}
	return p.supervisor.Start(ctx, children...)
}

func (p *platform) startRouter(ctx context.Context) error {
	var pods []string
	for shard := range p.options.Shards {
		for ordinal, name := range numbered(gatewayName(shard), p.options.GatewayPods) {
			pods = append(pods, fmt.Sprintf("%d/%s@%s", shard, podName(shard, ordinal), p.addr(name)))
		}
	}
	args := append([]string{
		"--shards", strconv.Itoa(p.options.Shards), "--pods", strings.Join(pods, ","),
		"--trusted-proxies", "127.0.0.0/8", // the front door
		"--drain-period", drainPeriod,
	}, p.heartbeatInterval()...)
	var children []supervise.Child
	for _, name := range numbered("shard-router", p.options.Routers) {
		children = append(children, p.service(name, "shard-router", append(slices.Clone(args), "--listen", p.addr(name))...))
	}
	return p.supervisor.Start(ctx, children...)
}

// gatewayURL is the WebSocket form of the front door's URL.
func (p *platform) gatewayURL() string { return "ws" + strings.TrimPrefix(p.url, "http") }

func (p *platform) heartbeatInterval() []string {
	if p.options.HeartbeatInterval == 0 {
		return nil
	}
	return []string{"--heartbeat-interval", p.options.HeartbeatInterval.String()}
}

func (p *platform) fetchAllow() []string {
	if p.options.FetchAllow == "" {
		return nil
	}
	return []string{"--fetch-allow", p.options.FetchAllow}
}

func (p *platform) resumeWindow() []string {
	if p.options.ResumeWindow == 0 {
		return nil
	}
	return []string{"--resume-window", p.options.ResumeWindow.String()}
}

// service is a child that runs one of our binaries, with the flags that all of them have.
func (p *platform) service(name, binary string, args ...string) supervise.Child {
	admin := p.addr(name + "-admin")
	args = append(args, "--secrets", p.data.file("secrets"), "--admin-addr", admin, "--log-level", p.options.LogLevel.String())
	if p.options.TraceEndpoint != "" {
		args = append(args, "--trace-endpoint", p.options.TraceEndpoint, "--trace-sample", fmt.Sprint(p.options.TraceSample))
	}
	used := map[string]int{"admin": p.ports[name+"-admin"]}
	if port, listens := p.ports[name]; listens {
		used["listen"] = port
	}
	return supervise.Child{
		Name: name,
		Command: func() *exec.Cmd {
			cmd := exec.Command(filepath.Join(p.options.Bin, binary), args...)
			cmd.Env = withoutOurs(os.Environ())
			process.Bind(cmd, syscall.SIGKILL)
			return cmd
		},
		Ready:      func(ctx context.Context) error { return ready(ctx, admin) },
		StopSignal: syscall.SIGTERM,
		Held:       p.held(name),
		Ports:      used,
	}
}

// withoutOurs drops the variables that are for this program: a service would refuse those that it does not know.
func withoutOurs(environ []string) (kept []string) {
	for _, entry := range environ {
		if !strings.HasPrefix(entry, config.Prefix+"_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// ready asks the admin port whether the service is.
func ready(ctx context.Context, admin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/readyz: %s: %s", response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
