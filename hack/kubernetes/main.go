//go:build linux

// Command kubernetes runs a real Kubernetes of one node on this machine, for the end-to-end tests and for trying things:
//
//	go run ./hack/kubernetes up              # the first time takes a quarter of an hour, then half a minute
//	go run ./hack/kubernetes kubectl get pods -A
//	go run ./hack/kubernetes exec curl http://chat-api.talk.svc.cluster.local/api/v10/gateway
//	go run ./hack/kubernetes down
//
// It wants Debian 12 and root. The cluster's addresses exist only in its own namespaces, where exec runs a command. Pods
// can use the images guildhall:e2e, guildhall-postgres:e2e and guildhall-redis:e2e; there is no registry. --name gives one
// of several clusters.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"guildhall.chat/guildhall/hack/kubernetes/images"
	"guildhall.chat/guildhall/hack/kubernetes/install"
	"guildhall.chat/guildhall/hack/kubernetes/node"
	"guildhall.chat/guildhall/hack/kubernetes/programs"
	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	Name string `help:"Name of the cluster." default:"default"`

	Up      upCommand      `cmd:"" help:"Start the cluster; installs and builds what is missing."`
	Down    downCommand    `cmd:"" help:"End the cluster and remove all that it kept."`
	Kubectl kubectlCommand `cmd:"" help:"Run kubectl." passthrough:""`
	Exec    execCommand    `cmd:"" help:"Run a command in the cluster's network: KUBECONFIG is set, and names of Services resolve." passthrough:""`
	Images  imagesCommand  `cmd:"" help:"Make the images and print the paths of their archives, for docker load or kind load image-archive."`
	Envtest envtestCommand `cmd:"" help:"Print a directory with etcd and kube-apiserver, for KUBEBUILDER_ASSETS."`

	Init initCommand `cmd:"" hidden:""`
	Run  runCommand  `cmd:"" hidden:""`
}

type (
	upCommand      struct{}
	downCommand    struct{}
	kubectlCommand struct {
		Args []string `arg:"" optional:""`
	}
	execCommand struct {
		Args []string `arg:""`
	}
	imagesCommand  struct{}
	envtestCommand struct{}
	initCommand    struct {
		Dir string `arg:""`
	}
	runCommand struct {
		Dir string `arg:""`
	}
)

// dir returns the directory of the cluster's state.
func (c *cli) dir() (string, error) {
	if !validName.MatchString(c.Name) {
		return "", config.Errorf("--name: must be up to 20 letters and digits")
	}
	cache, err := programs.Cache()
	return filepath.Join(cache, "cluster-"+c.Name), err
}

var validName = regexp.MustCompile(`^[a-z0-9]{1,20}$`)

// Run starts the cluster.
func (*upCommand) Run(ctx context.Context, c *cli) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	if err := install.Ensure(ctx, os.Stderr, install.Cluster...); err != nil {
		return err
	}
	kubernetes, archives, err := build(ctx)
	if err != nil {
		return err
	}
	return node.Up(ctx, node.Cluster{
		Dir: dir, Programs: kubernetes, Archives: archives, Pause: images.Pause, CoreDNS: images.CoreDNS,
	}, os.Stderr)
}

// build makes what a cluster runs.
func build(ctx context.Context) (kubernetes string, archives []string, err error) {
	kubernetes, coredns, err := programs.Cluster(ctx, os.Stderr)
	if err != nil {
		return "", nil, err
	}
	root, err := programs.Root(ctx)
	if err != nil {
		return "", nil, err
	}
	cache, err := programs.Cache()
	if err != nil {
		return "", nil, err
	}
	maker := images.Maker{Root: root, CoreDNS: coredns, Cache: filepath.Join(cache, "images"), Progress: os.Stderr}
	archives, err = maker.All(ctx)
	return kubernetes, archives, err
}

// Run ends the cluster.
func (*downCommand) Run(ctx context.Context, c *cli) error {
	dir, err := c.dir()
	if err != nil {
		return err
	}
	return node.Down(ctx, dir)
}

// Run turns into kubectl.
func (k *kubectlCommand) Run(c *cli) error { return c.enter(append([]string{"kubectl"}, k.Args...)) }

// Run turns into the command.
func (e *execCommand) Run(c *cli) error { return c.enter(e.Args) }

func (c *cli) enter(command []string) error {
	if len(command) > 0 && command[0] == "--" {
		command = command[1:]
	}
	if len(command) == 0 {
		return config.Errorf("exec: no command")
	}
	dir, err := c.dir()
	if err != nil {
		return err
	}
	cluster, err := node.Open(dir)
	if err != nil {
		return err
	}
	return cluster.Enter(command)
}

// Run makes the images.
func (*imagesCommand) Run(ctx context.Context) error {
	if err := install.Ensure(ctx, os.Stderr, install.Images...); err != nil {
		return err
	}
	_, archives, err := build(ctx)
	for _, archive := range archives {
		fmt.Println(archive)
	}
	return err
}

// Run builds what envtest needs.
func (*envtestCommand) Run(ctx context.Context) error {
	dir, err := programs.Envtest(ctx, os.Stderr)
	if err == nil {
		fmt.Println(dir)
	}
	return err
}

// Run is the first process of a cluster.
func (i *initCommand) Run() error { return node.Init(i.Dir) }

// Run is the second.
func (r *runCommand) Run(ctx context.Context) error { return node.Run(ctx, r.Dir) }

func main() {
	var c cli
	config.Run("kubernetes", "A real Kubernetes of one node on this machine, for tests.", &c)
}
