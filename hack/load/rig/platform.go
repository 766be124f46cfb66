package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"guildhall.chat/guildhall/hack/load/world"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/status"
)

const (
	platformTimeout = 3 * time.Minute
)

// Heartbeat is the interval that a platform tells its clients: the services' own default.
const Heartbeat = 41250 * time.Millisecond

// Platform is a whole platform as make run starts it, without rate limits or with raised ones.
type Platform struct {
	World *world.World
	DSN   string // of its Postgres

	rig     *Rig
	data    string
	shards  int
	cmd     *exec.Cmd
	routers []*exec.Cmd
}

// Process is a service of the platform.
type Process struct {
	Name string
	Addr string // for clients
	PID  int
}

// Platform starts a platform with so many gateways and without rate limits.
func (r *Rig) Platform(ctx context.Context, gateways int) (*Platform, error) {
	return r.platform(ctx, gateways, "--rate-limits", "off", "--log-level", "warn")
}

// CountingPlatform is Platform where requests are counted, against limits that nobody reaches.
func (r *Rig) CountingPlatform(ctx context.Context, gateways int) (*Platform, error) {
	return r.platform(ctx, gateways, "--rate-limits", "raised", "--log-level", "warn")
}

func (r *Rig) platform(ctx context.Context, gateways int, flags ...string) (*Platform, error) {
	r.Say("starting a platform with %d gateways", gateways)
	n := r.number()
	p := &Platform{rig: r, shards: gateways, data: r.File(fmt.Sprintf("platform-%d", n))}
	log := r.File(fmt.Sprintf("platform-%d.log", n))
	p.cmd = exec.Command(filepath.Join(r.tools, "local"), append([]string{"run", "--addr", "127.0.0.1:0", "--data", p.data,
		"--bin", r.services, "--shards", fmt.Sprint(gateways)}, flags...)...)
	p.cmd.ExtraFiles = []*os.File{r.dir.Lock}
	process.Bind(p.cmd, syscall.SIGTERM)
	start, cancel := context.WithTimeout(ctx, platformTimeout)
	defer cancel()
	err := process.Spawn(start, p.cmd, log, func(context.Context) error {
		output, err := os.ReadFile(log)
		if err == nil && !bytes.Contains(output, []byte("guildhall ready: ")) {
			err = errors.New("not ready")
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	current, err := status.Read(p.data)
	if err != nil {
		p.Stop()
		return nil, err
	}
	p.DSN = current.PostgresDSN
	for _, child := range current.Children {
		if admin := child.Ports["admin"]; admin != 0 && (child.Name == "api" || strings.HasPrefix(child.Name, "gateway-")) {
			r.Say("%s: pid %d, profiles at http://127.0.0.1:%d/debug/pprof/", child.Name, child.PID, admin)
		}
	}
	if p.World, err = world.Open(ctx, current.PostgresDSN, p.Secrets()); err != nil {
		p.Stop()
		return nil, err
	}
	return p, nil
}

// Secrets returns the directory of the platform's secrets.
func (p *Platform) Secrets() string { return world.Secrets(p.data) }

// Stop stops the platform.
func (p *Platform) Stop() {
	p.StopRouters()
	if p.World != nil {
		_ = p.World.Close(context.Background())
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(time.Minute, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	_ = p.cmd.Wait()
	_ = os.RemoveAll(p.data)
}

// Child returns a service by its name.
func (p *Platform) Child(name string) (Process, error) {
	current, err := status.Read(p.data)
	if err != nil {
		return Process{}, err
	}
	child, ok := current.Child(name)
	if !ok || child.PID == 0 {
		return Process{}, fmt.Errorf("%s does not run", name)
	}
	return Process{Name: name, PID: child.PID, Addr: fmt.Sprintf("127.0.0.1:%d", child.Ports["listen"])}, nil
}

// PIDs returns the processes of all services and stores; those that Postgres forks are under its own.
func (p *Platform) PIDs() (pids []int, err error) {
	current, err := status.Read(p.data)
	for _, child := range current.Children {
		if child.PID != 0 {
			pids = append(pids, child.PID)
		}
	}
	return pids, err
}

// Stores returns the processes of Postgres and Redis.
func (p *Platform) Stores() (pids []int, err error) {
	current, err := status.Read(p.data)
	for _, child := range current.Children {
		if child.PID != 0 && (child.Name == "postgres" || strings.HasPrefix(child.Name, "redis-")) {
			pids = append(pids, child.PID)
		}
	}
	return pids, err
}

// Children returns the processes of all services and stores that run now.
func (p *Platform) Children() (children []Process, err error) {
	current, err := status.Read(p.data)
	for _, child := range current.Children {
		if child.PID != 0 {
			children = append(children, Process{Name: child.Name, PID: child.PID, Addr: fmt.Sprintf("127.0.0.1:%d", child.Ports["listen"])})
		}
	}
	return children, err
}

// Gateways returns the gateways, in the order of their shards.
func (p *Platform) Gateways() (gateways []Process, err error) {
	for shard := range p.shards {
		g, err := p.Child(fmt.Sprintf("gateway-%d", shard))
		if err != nil {
			return nil, err
		}
		gateways = append(gateways, g)
	}
	return gateways, nil
}

// AwaitGateways waits until all gateways run and are ready: the platform starts those anew that ended.
func (p *Platform) AwaitGateways(ctx context.Context) ([]Process, error) {
	ctx, cancel := context.WithTimeout(ctx, platformTimeout)
	defer cancel()
	for {
		current, err := status.Read(p.data)
		ready := 0
		for shard := range p.shards {
			if child, ok := current.Child(fmt.Sprintf("gateway-%d", shard)); err == nil && ok && child.Ready {
				ready++
			}
		}
		if ready == p.shards {
			return p.Gateways()
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d gateways are ready: %w", ready, p.shards, ctx.Err())
		}
	}
}

// Routers starts as many routers of their own as the clients need, all to the one gateway.
func (p *Platform) Routers(ctx context.Context, clients int, to Process) (routers []Process, err error) {
	pod := fmt.Sprintf("0/%s-0@%s", to.Name, to.Addr)
	for range (clients + perProxy - 1) / perProxy {
		router, err := p.router(ctx, pod)
		if err != nil {
			return routers, err
		}
		routers = append(routers, router)
	}
	return routers, nil
}

func (p *Platform) router(ctx context.Context, pod string) (Process, error) {
	router, _, cmd, err := p.spawn(ctx, filepath.Join(p.rig.services, "shard-router"), []string{
		"--shards", "1", "--pods", pod, "--max-pending", fmt.Sprint(perProxy), "--log-level", "warn",
	})
	if err != nil {
		return Process{}, err
	}
	p.routers = append(p.routers, cmd)
	return router, nil
}

// StopRouters stops the routers that Routers started.
func (p *Platform) StopRouters() {
	for _, router := range p.routers {
		_ = router.Process.Kill()
		_ = router.Wait()
	}
	p.routers = nil
}

// freeAddr returns an address on which nobody listens now.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
