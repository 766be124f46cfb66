package main

import (
	"context"
	"fmt"
	"log/slog"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/shard-router/discover"
	"guildhall.chat/guildhall/shard-router/placement"
)

// source tells placement which pods there are, and over how many shards.
type source struct {
	placement.Source
	shards     func() int
	generation func() int64                // of the shard map; 0: there is none, or it is not known
	ready      func(context.Context) error // an error while nothing is known
	follow     func(context.Context) error // keeps it true until the context ends
}

func alwaysReady(context.Context) error { return nil }

// unchanging follows what never changes.
func unchanging(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// watches tells whether the router follows Kubernetes.
func (r *router) watches() bool { return r.GatewayService != "" || r.ShardMap != "" }

// checkSource refuses flags that say neither of the two ways to know the pods, or both.
func (r *router) checkSource() error {
	switch {
	case r.watches() && len(r.Pods) > 0:
		return config.Errorf("--pods and --gateway-service exclude each other")
	case r.watches() && r.Shards != 0:
		return config.Errorf("--shards: is in the ConfigMap that --shard-map names")
	case r.watches():
		for flag, value := range map[string]string{"--gateway-service": r.GatewayService, "--shard-map": r.ShardMap} {
			if _, err := discover.ParseName(value); err != nil {
				return config.Errorf("%s: %w", flag, err)
			}
		}
		return nil
	case len(r.Pods) == 0:
		return config.Errorf("say --pods or --gateway-service")
	case r.Shards < 1:
		return config.Errorf("--shards: must be 1 or more")
	}
	if _, err := placement.ParseStatic(r.Pods, r.Shards); err != nil {
		return config.Errorf("--pods: %w", err)
	}
	return nil
}

// source returns what the flags, which are good, say.
func (r *router) source(log *slog.Logger) (*source, error) {
	if !r.watches() {
		pods, err := placement.ParseStatic(r.Pods, r.Shards)
		if err != nil {
			return nil, err
		}
		return &source{Source: pods, shards: func() int { return r.Shards }, generation: func() int64 { return 0 }, ready: alwaysReady, follow: unchanging}, nil
	}
	service, err := discover.ParseName(r.GatewayService)
	if err != nil {
		return nil, err
	}
	shardMap, err := discover.ParseName(r.ShardMap)
	if err != nil {
		return nil, err
	}
	klog.SetSlogLogger(log)
	access, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return nil, config.Errorf("find Kubernetes: %w", err)
	}
	client, err := kubernetes.NewForConfig(access)
	if err != nil {
		return nil, fmt.Errorf("client of Kubernetes: %w", err)
	}
	watcher := discover.New(client, service, shardMap, log)
	return &source{Source: watcher, shards: watcher.Shards, generation: watcher.Generation, ready: watcher.Ready, follow: watcher.Run}, nil
}
