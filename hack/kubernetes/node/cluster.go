//go:build linux

// Package node runs a real Kubernetes of one node on this machine: etcd, the control plane, kubelet, kube-proxy and
// containerd, in network, mount and process namespaces of their own.
//
// Up writes certificates and configuration into the cluster's directory and starts Init as the first process of new
// namespaces. Init closes them off: it has a network without any link to the machine's, and its own copy of every
// directory that containers need. It starts Run and reaps orphans. Run starts the programs, provisions volumes and tells
// Up, over a pipe, how far it is. Ending Init ends everything. Enter runs a command in the cluster's namespaces, the only
// place where its addresses exist.
//
// Nothing of the machine changes but for the cluster's directory and its cgroup, which Down removes.
package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Addresses of the cluster, of the networks set aside for benchmarks between networks (RFC 2544). They exist in its
// network namespace only.
const (
	nodeName      = "node"
	nodeAddress   = "198.18.254.2"
	podNetwork    = "198.18.0.0/24"
	serviceNet    = "198.19.0.0/24"
	apiAddress    = "198.19.0.1" // Service kubernetes: always the network's first
	dnsAddress    = "198.19.0.10"
	clusterDomain = "cluster.local"
	apiPort       = 6443
)

// Cluster is one cluster: what it is made of and where it keeps its state.
type Cluster struct {
	Dir      string   // of its state; its base name also names its cgroup
	Programs string   // directory with Kubernetes' programs
	Archives []string // images that it has
	Pause    string   // image of the first process of each pod
	CoreDNS  string   // image
}

// Open returns the cluster whose state is in dir.
func Open(dir string) (Cluster, error) {
	content, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if errors.Is(err, os.ErrNotExist) {
		return Cluster{}, ErrDown
	}
	if err != nil {
		return Cluster{}, err
	}
	var c Cluster
	return c, json.Unmarshal(content, &c)
}

// ErrDown tells that a cluster does not run.
var ErrDown = errors.New("the cluster is not up")

// Kubeconfig returns the path of an administrator's kubeconfig. Its address is of use in the cluster's namespaces only.
func (c Cluster) Kubeconfig() string { return c.path("pki", "admin.kubeconfig") }

func (c Cluster) path(elements ...string) string {
	return filepath.Join(append([]string{c.Dir}, elements...)...)
}

func (c Cluster) program(name string) string { return filepath.Join(c.Programs, name) }

func (c Cluster) containerdSocket() string { return c.path("containerd", "containerd.sock") }

func (c Cluster) save() error {
	content, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("cluster.json"), content, 0o600)
}

// first is a cluster's first process. Its start time tells it from another that has got its number since.
type first struct {
	PID     int
	Started string // clock ticks after the machine's start
}

func (c Cluster) saveFirst(pid int) error {
	_, started, err := processState(pid)
	if err != nil {
		return err
	}
	content, err := json.Marshal(first{pid, started})
	if err != nil {
		return err
	}
	return os.WriteFile(c.path("init.json"), content, 0o600)
}

// PID returns the number of the cluster's first process, or ErrDown.
func (c Cluster) PID() (int, error) {
	content, err := os.ReadFile(c.path("init.json"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, ErrDown
	}
	if err != nil {
		return 0, err
	}
	var first first
	if err := json.Unmarshal(content, &first); err != nil {
		return 0, fmt.Errorf("init.json: %w", err)
	}
	state, started, err := processState(first.PID)
	if err != nil || started != first.Started || state == "Z" || state == "X" {
		return 0, ErrDown
	}
	return first.PID, nil
}

// processState returns a process's state and start time, fields 3 and 22 of /proc/<pid>/stat (proc_pid_stat(5)).
func processState(pid int) (state, started string, err error) {
	content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return "", "", err
	}
	// The name before may hold spaces and brackets.
	_, rest, _ := strings.Cut(string(content[bytes.LastIndexByte(content, ')')+1:]), " ")
	fields := strings.Fields(rest)
	if len(fields) < 20 {
		return "", "", fmt.Errorf("/proc/%d/stat: %d fields", pid, len(fields))
	}
	return fields[0], fields[19], nil
}

// kill ends a process that PID has returned.
func kill(pid int) error {
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}
