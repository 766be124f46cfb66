// Command operator makes and keeps the chat platforms that ChatClusters describe.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/operator/controller"
)

// maxRequests is how many requests a second the operator makes at most.
const maxRequests = 200

type operator struct {
	AdminAddr        string        `help:"Address of the admin port (/healthz, /readyz, /metrics)." default:"127.0.0.1:9090"`
	LogLevel         slog.Level    `help:"Least level that is logged: debug, info, warn or error." default:"info"`
	LeaderElection   bool          `help:"Act only while holding the lease: needed when more than one operator runs." default:"true" negatable:""`
	Namespace        string        `help:"The operator's own namespace: there is the lease, and from there pods may be reached. In a cluster it is known." placeholder:"NAME"`
	ProgressDeadline time.Duration `help:"How long a rollout may wait for one object before the ChatCluster counts as degraded." default:"5m"`
}

func main() {
	config.Run("operator", "Makes and keeps the chat platforms that ChatClusters describe. "+
		"It finds Kubernetes as kubectl does: by its pod's service account, $KUBECONFIG or ~/.kube/config.", &operator{})
}

// Run works until ctx ends.
func (o *operator) Run(ctx context.Context) error {
	if o.ProgressDeadline < time.Second {
		return config.Errorf("--progress-deadline: must be 1s or more")
	}
	log := telemetry.NewLogger(o.LogLevel, "operator")
	ctrl.SetLogger(logr.FromSlogHandler(log.Handler()))
	klog.SetSlogLogger(log)
	manager, err := o.manager(log)
	if err != nil {
		return err
	}
	admin, err := telemetry.NewAdmin(o.AdminAddr, log)
	if err != nil {
		return err
	}
	if err := serveMetrics(admin.Registry()); err != nil {
		return err
	}
	// A standby is ready too: it is ready to take over.
	admin.Ready("kubernetes", func(ctx context.Context) error {
		if !manager.GetCache().WaitForCacheSync(ctx) {
			return fmt.Errorf("the caches are not filled yet")
		}
		return nil
	})
	log.Info("working", "admin", admin.Addr().String())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return admin.Run(ctx) })
	group.Go(func() error { return manager.Start(ctx) })
	return group.Wait()
}

func (o *operator) manager(log *slog.Logger) (ctrl.Manager, error) {
	kubernetes, err := ctrl.GetConfig()
	if err != nil {
		return nil, config.Errorf("find Kubernetes: %w", err)
	}
	// The API server shares itself out fairly among its clients; this only bounds what a mistake of ours could do. client-go's
	// own bound is for a command line.
	kubernetes.QPS, kubernetes.Burst = maxRequests, 2*maxRequests
	types := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(types); err != nil {
			return nil, err
		}
	}
	manager, err := ctrl.NewManager(kubernetes, ctrl.Options{
		Scheme:                        types,
		Cache:                         controller.CacheOptions(),
		Client:                        controller.ClientOptions(),
		Metrics:                       metricsserver.Options{BindAddress: "0"}, // they are on the admin port
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              "guildhall-operator",
		LeaderElectionNamespace:       o.namespace(),
		LeaderElectionReleaseOnCancel: true, // the process ends when the manager does
	})
	if err != nil {
		return nil, fmt.Errorf("start the manager: %w", err)
	}
	reconciler := &controller.Reconciler{
		Client:    manager.GetClient(),
		Secrets:   manager.GetAPIReader(),
		Recorder:  manager.GetEventRecorderFor("guildhall-operator"),
		Log:       log,
		Deadline:  o.ProgressDeadline,
		Namespace: o.namespace(),
	}
	if err := reconciler.SetUp(manager); err != nil {
		return nil, fmt.Errorf("set up the controller: %w", err)
	}
	return manager, nil
}

// namespaceFile is where Kubernetes tells a pod its namespace.
// https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// namespace returns the operator's own, "" if it runs outside of a cluster and was not told.
func (o *operator) namespace() string {
	if o.Namespace != "" {
		return o.Namespace
	}
	content, err := os.ReadFile(namespaceFile)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}

// serveMetrics adds controller-runtime's metrics, which have a registry of their own. That has the Go and process
// collectors too, so the ones of the default registry go.
func serveMetrics(registry prometheus.Registerer) error {
	registry.Unregister(collectors.NewGoCollector())
	registry.Unregister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	all, ok := metrics.Registry.(prometheus.Collector)
	if !ok {
		return fmt.Errorf("controller-runtime's registry is no collector")
	}
	if err := registry.Register(all); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}
