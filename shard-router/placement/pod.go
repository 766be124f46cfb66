// Package placement decides which gateway pod a connection goes to.
//
// A [Source] tells which pods there are; a [Table] counts the connections it has placed on each of them. The proxy asks
// for a place, dials the pod of the [Lease] it gets, and releases it when the connection ends, or reports that the pod
// did not answer and asks again.
package placement

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"guildhall.chat/guildhall/internal/auth"
)

// Pod is one gateway process.
type Pod struct {
	Shard int    // of the platform, that the pod belongs to
	Name  string // unique; sessions' ids begin with it
	Addr  string // host:port
	// ResumesOnly says that the pod gets no new sessions, but connections of those that it holds.
	ResumesOnly bool
}

// Source tells which pods there are.
type Source interface {
	// Pods returns the pods that there are now, names unique. It is called for each placement, so it must be
	// cheap; the result is not modified by anyone.
	Pods() []Pod
}

// Static is a Source that never changes.
type Static []Pod

// Pods returns the list itself.
func (s Static) Pods() []Pod { return s }

// ParseStatic reads a list of pods written as shard/name@host:port, for a platform of so many shards. Every shard needs
// a pod. The error quotes the entry that is wrong.
func ParseStatic(entries []string, shards int) (Static, error) {
	names := make(map[string]bool, len(entries))
	served := make([]bool, shards)
	var pods Static
	for _, entry := range entries {
		pod, err := parsePod(entry)
		switch {
		case err != nil:
			return nil, fmt.Errorf("pod %q: %w", entry, err)
		case pod.Shard >= shards:
			return nil, fmt.Errorf("pod %q: shard %d of %d shards", entry, pod.Shard, shards)
		case names[pod.Name]:
			return nil, fmt.Errorf("pod %q: the name %s is taken", entry, pod.Name)
		}
		names[pod.Name], served[pod.Shard] = true, true
		pods = append(pods, pod)
	}
	for shard, ok := range served {
		if !ok {
			return nil, fmt.Errorf("shard %d has no pod", shard)
		}
	}
	return pods, nil
}

func parsePod(entry string) (Pod, error) {
	shardText, rest, ok1 := strings.Cut(entry, "/")
	name, addr, ok2 := strings.Cut(rest, "@")
	if !ok1 || !ok2 {
		return Pod{}, errors.New("want shard/name@host:port")
	}
	shard, err := strconv.ParseUint(shardText, 10, 16)
	if err != nil {
		return Pod{}, errors.New("shard is not a number")
	}
	if !auth.ValidPodName(name) {
		return Pod{}, errors.New("name is not a DNS name in lower case")
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" {
		return Pod{}, errors.New("address is not host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Pod{}, errors.New("port is not a number")
	}
	return Pod{Shard: int(shard), Name: name, Addr: addr}, nil
}
