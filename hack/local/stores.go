package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/rediscluster"
	"guildhall.chat/guildhall/hack/local/supervise"
	"guildhall.chat/guildhall/internal/config"
)

const redisMasters = 3

// redisNodes is how many nodes the cluster has: the masters first, when it is made.
func redisNodes(replicas int) int { return redisMasters * (1 + replicas) }

func redisName(i int) string { return fmt.Sprintf("redis-%d", i) }

// postgresDirs are the places for PostgreSQL's data: in the data directory or, if we are root and the user that runs
// PostgreSQL may not pass through to there, in the system's place for such data.
func postgresDirs(data *dataDir) (usual, unreachable string) {
	hash := sha256.Sum256([]byte(data.path))
	return data.file("postgres"), fmt.Sprintf("/var/lib/guildhall-local-%x/postgres", hash[:6])
}

// existingPostgres returns the version of the data that is there, or 0.
func existingPostgres(data *dataDir) (int, error) {
	usual, unreachable := postgresDirs(data)
	version, err := postgres.DataVersion(usual)
	if err != nil || version != 0 || os.Geteuid() != 0 {
		return version, err
	}
	return postgres.DataVersion(unreachable)
}

func newPostgres(data *dataDir, binaries postgres.Binaries, port int) (*postgres.Server, error) {
	account, err := process.Unprivileged("postgres", "nobody")
	if err != nil {
		return nil, err
	}
	password, err := data.secret(postgresPasswordFile, newPassword)
	if err != nil {
		return nil, err
	}
	dir, unreachable := postgresDirs(data)
	if !account.CanReach(data.path) {
		dir = unreachable
		fmt.Printf("user %s may not pass through to %s: PostgreSQL's data is in %s\n", account.Name, data.path, dir)
		if err := os.MkdirAll(filepath.Dir(dir), 0o711); err != nil {
			return nil, fmt.Errorf("PostgreSQL's data: %w", err)
		}
	}
	return &postgres.Server{Binaries: binaries, Account: account, Dir: dir, Port: port, Password: password}, nil
}

func newRedis(data *dataDir, binary string, replicas int, ports map[string]int) (*rediscluster.Cluster, error) {
	password, err := data.secret(config.RedisPasswordFile, newPassword)
	if err != nil {
		return nil, err
	}
	cluster := &rediscluster.Cluster{Binary: binary, Password: password, Replicas: replicas}
	for i := range redisNodes(replicas) {
		name := redisName(i)
		cluster.Nodes = append(cluster.Nodes, rediscluster.Node{Dir: data.file(name), Port: ports[name], BusPort: ports[name+"-bus"]})
	}
	return cluster, cluster.Prepare()
}

// startStores starts PostgreSQL and Redis and makes them fit for the services.
func (p *platform) startStores(ctx context.Context) error {
	init, cancel := context.WithTimeout(ctx, initTimeout)
	defer cancel()
	if err := p.postgres.Init(init); err != nil {
		return err
	}
	children := []supervise.Child{{
		Name:       "postgres",
		Command:    p.postgres.Command,
		Ready:      p.postgres.Ready,
		StopSignal: postgres.Stop,
		Held:       p.held("postgres"),
		Quiet:      true,
		Ports:      map[string]int{"listen": p.postgres.Port},
	}}
	for i, node := range p.redis.Nodes {
		children = append(children, supervise.Child{
			Name:       redisName(i),
			Command:    func() *exec.Cmd { return p.redis.Command(i) },
			Ready:      func(ctx context.Context) error { return p.redis.Ready(ctx, i) },
			StopSignal: rediscluster.Stop,
			Held:       p.held(redisName(i)),
			Quiet:      true,
			Ports:      map[string]int{"listen": node.Port, "bus": node.BusPort},
		})
	}
	if err := p.supervisor.Start(ctx, children...); err != nil {
		return err
	}
	var provisioned, formed error
	var both sync.WaitGroup
	both.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, provisionTimeout)
		defer cancel()
		provisioned = p.postgres.Provision(ctx, postgres.Owner)
	})
	both.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, formTimeout)
		defer cancel()
		formed = p.redis.Form(ctx)
	})
	both.Wait()
	return errors.Join(provisioned, formed)
}
