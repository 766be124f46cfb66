package rig

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/status"
)

const (
	serviceTimeout = 30 * time.Second
	// drainPeriod is what a gateway's clients have to go elsewhere when it stops. There are none by then.
	drainPeriod = time.Second
)

// Telemetry is what services tell of themselves.
type Telemetry struct {
	LogLevel                   string
	TraceEndpoint, TraceSample string // "": they trace nothing
	Binaries                   string // their directory, if not the rig's
}

func (t Telemetry) flags() []string {
	flags := []string{"--log-level", t.LogLevel}
	if t.TraceEndpoint != "" {
		flags = append(flags, "--trace-endpoint", t.TraceEndpoint, "--trace-sample", t.TraceSample)
	}
	return flags
}

// Services are an api and a gateway that a platform has besides its own, over the same stores and the same data: whoever is
// compared with them differs in nothing else.
type Services struct {
	API, Gateway Process

	admins []string
	cmds   []*exec.Cmd
}

// Services starts some. The name tells their gateway's pod apart. Stop them.
func (p *Platform) Services(ctx context.Context, name string, t Telemetry) (s *Services, err error) {
	s = &Services{}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	current, err := status.Read(p.data)
	if err != nil {
		return s, err
	}
	binaries := t.Binaries
	if binaries == "" {
		binaries = p.rig.services
	}
	flags := append([]string{
		"--redis-addrs", strings.Join(redisAddrs(current), ","), "--gateway-url", "ws" + strings.TrimPrefix(current.URL, "http"),
	}, t.flags()...)
	s.API, err = s.start(ctx, p, filepath.Join(binaries, "api"), append([]string{
		"serve", "--rate-limits", "raised", "--public-url", current.URL, "--mail-dir", current.MailDir,
	}, flags...))
	if err != nil {
		return s, err
	}
	s.Gateway, err = s.start(ctx, p, filepath.Join(binaries, "gateway"), append([]string{
		"--shard", "0", "--pod", name, "--drain-period", drainPeriod.String(),
	}, flags...))
	return s, err
}

func redisAddrs(of status.Platform) (addrs []string) {
	for _, child := range of.Children {
		if strings.HasPrefix(child.Name, "redis-") {
			addrs = append(addrs, fmt.Sprintf("127.0.0.1:%d", child.Ports["listen"]))
		}
	}
	return addrs
}

func (s *Services) start(ctx context.Context, p *Platform, binary string, args []string) (Process, error) {
	service, admin, cmd, err := p.spawn(ctx, binary, args)
	if err != nil {
		return Process{}, err
	}
	s.cmds, s.admins = append(s.cmds, cmd), append(s.admins, admin)
	p.rig.Say("%s: pid %d, profiles at http://%s/debug/pprof/", service.Name, service.PID, admin)
	return service, nil
}

// spawn starts a service of the platform besides those that it has, and waits until it is ready.
func (p *Platform) spawn(ctx context.Context, binary string, args []string) (service Process, admin string, cmd *exec.Cmd, err error) {
	listen, err := freeAddr()
	if err != nil {
		return service, "", nil, err
	}
	if admin, err = freeAddr(); err != nil {
		return service, "", nil, err
	}
	cmd = exec.Command(binary, append(args, "--listen", listen, "--admin-addr", admin, "--secrets", p.Secrets())...)
	process.Bind(cmd, syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(ctx, serviceTimeout)
	defer cancel()
	name := filepath.Base(binary)
	log := p.rig.File(fmt.Sprintf("%s-%d.log", name, p.rig.number()))
	if err := process.Spawn(ctx, cmd, log, func(ctx context.Context) error { return readyAt(ctx, admin) }); err != nil {
		return service, "", nil, err
	}
	return Process{Name: name, Addr: listen, PID: cmd.Process.Pid}, admin, cmd, nil
}

func readyAt(ctx context.Context, admin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// Scrape reads the services' metrics as Prometheus does, until ctx ends.
func (s *Services) Scrape(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, admin := range s.admins {
			_ = read(ctx, fmt.Sprintf("http://%s/metrics", admin))
		}
	}
}

// Stop stops the services.
func (s *Services) Stop() {
	for _, cmd := range s.cmds {
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	for _, cmd := range s.cmds {
		kill := time.AfterFunc(stopTimeout, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
	}
	s.cmds = nil
}
