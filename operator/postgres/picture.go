package postgres

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
)

// Pod is what Kubernetes says of an instance.
type Pod struct {
	Name        string
	Ordinal     int
	Addr        string // its IP, "" before it has one
	Ready       bool
	Terminating bool
	Outdated    bool // not as the StatefulSet now says
}

// Instance is a pod, and what its Patroni and the primary say of it.
type Instance struct {
	Pod
	Answers        bool   // its Patroni does
	State          string // Patroni's word, as running or start failed
	Synchronous    bool   // a commit waits for it
	Streaming      bool   // it follows the primary
	Lag            int64  // bytes behind the primary; -1: not known
	PendingRestart bool   // a changed parameter waits for a restart
}

// Picture is everything that is known at one moment.
type Picture struct {
	Instances []Instance // by ordinal
	// Primary is the name of the instance that has the lock and takes writes; "" while there is none.
	Primary string
	// SystemID tells this database from every other that was ever made.
	SystemID string
	// Paused is that an administrator has told Patroni to leave everything as it is.
	Paused bool
	// Config is the shared configuration; nil while nobody tells.
	Config map[string]any
	// LowersLimit is that a restart will lower a limit that standbys must not have below the primary: it has to restart
	// first. https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
	LowersLimit bool
}

// Of returns the instance of that name, nil if there is none.
func (p Picture) Of(name string) *Instance {
	for i := range p.Instances {
		if p.Instances[i].Name == name {
			return &p.Instances[i]
		}
	}
	return nil
}

// maxLag is how far a standby may be behind and still count as one that can take over, in bytes.
const maxLag = 16 * mebi

// Serves reports whether the instance does what it is for: as the primary, or as a standby that follows it.
func (p Picture) Serves(i Instance) bool {
	if !i.Ready || i.Terminating || !i.Answers || !runs(i.State) {
		return false
	}
	return i.Name == p.Primary || p.Primary != "" && i.Streaming && i.Lag >= 0 && i.Lag <= maxLag
}

// runs also knows the word that later versions of Patroni have for a standby.
func runs(state string) bool { return state == "running" || state == "streaming" }

// Observe asks the Patroni of every pod. One that does not answer is part of the picture, no error.
func Observe(ctx context.Context, patroni Patroni, pods []Pod) Picture {
	pods = slices.SortedFunc(slices.Values(pods), func(a, b Pod) int { return a.Ordinal - b.Ordinal })
	statuses := make([]*status, len(pods))
	var asked sync.WaitGroup
	for i, pod := range pods {
		if pod.Addr == "" {
			continue
		}
		asked.Go(func() {
			if s, err := patroni.status(ctx, pod.Addr); err == nil {
				statuses[i] = &s
			}
		})
	}
	asked.Wait()

	picture := Picture{Instances: make([]Instance, len(pods))}
	claims := map[string]*status{} // who takes itself for the primary
	for i, pod := range pods {
		instance := Instance{Pod: pod, Lag: -1}
		if s := statuses[i]; s != nil {
			instance.Answers, instance.State, instance.PendingRestart = true, s.State, s.PendingRestart
			if (s.Role == "master" || s.Role == "primary") && runs(s.State) {
				claims[pod.Name] = s
			}
		}
		picture.Instances[i] = instance
	}
	picture.consult(ctx, patroni, claims)
	return picture
}

// consult fills in what one instance tells of all; best the primary, which knows most.
func (p *Picture) consult(ctx context.Context, patroni Patroni, claims map[string]*status) {
	witnesses := slices.Clone(p.Instances)
	slices.SortStableFunc(witnesses, func(a, b Instance) int {
		switch _, first := claims[a.Name]; {
		case claims[b.Name] != nil && !first:
			return 1
		case claims[b.Name] == nil && first:
			return -1
		}
		return 0
	})
	for _, witness := range witnesses {
		if !witness.Answers {
			continue
		}
		view, err := patroni.cluster(ctx, witness.Addr)
		if err != nil {
			continue
		}
		config, err := patroni.config(ctx, witness.Addr)
		if err != nil {
			continue
		}
		p.Paused, p.Config = view.Pause, maps.Clone(config)
		p.fill(view, claims)
		return
	}
}

func (p *Picture) fill(view clusterView, claims map[string]*status) {
	for _, member := range view.Members {
		instance := p.Of(member.Name)
		if instance == nil {
			continue
		}
		instance.Synchronous = member.Role == "sync_standby" || member.Role == "quorum_standby"
		if err := json.Unmarshal(member.Lag, &instance.Lag); err != nil {
			instance.Lag = -1 // the word "unknown"
		}
		// Who has the lock and does not take itself for the primary is on the way to either.
		if primary := claims[member.Name]; member.Role == "leader" && primary != nil {
			p.Primary, p.SystemID = member.Name, primary.SystemID
		}
	}
	primary := claims[p.Primary]
	if primary == nil {
		return
	}
	for _, sender := range primary.Replication {
		if instance := p.Of(sender.Name); instance != nil && sender.State == "streaming" {
			instance.Streaming = true
		}
	}
}
