// Package discover learns from Kubernetes which gateway pods there are, and over how many shards the platform is spread.
//
// A [Watcher] follows the EndpointSlices of the gateway's headless Service (pods.go) and the ConfigMap with the shard map
// (shardmap.go) by client-go's informers. Each change makes a new state, which placement reads without a lock. Nothing
// here asks the API server on the way of a client: while it can't be reached, the last state goes on being good.
package discover

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	coreinformers "k8s.io/client-go/informers/core/v1"
	discoveryinformers "k8s.io/client-go/informers/discovery/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"guildhall.chat/guildhall/shard-router/placement"
)

// Watcher is a placement.Source that follows Kubernetes. Safe for concurrent use.
type Watcher struct {
	service  string
	slices   cache.SharedIndexInformer
	shardMap cache.SharedIndexInformer
	log      *slog.Logger

	state   atomic.Pointer[state]
	changed chan struct{} // holds a token when a new state is to be made
}

// state is what is known. It is never modified.
type state struct {
	shards  ShardMap
	pods    []placement.Pod
	settled bool // both are known: what is not in pods is not there
}

// ParseName reads the name of an object, written as namespace/name.
func ParseName(text string) (types.NamespacedName, error) {
	namespace, name, ok := strings.Cut(text, "/")
	if !ok || len(validation.IsDNS1123Label(namespace)) > 0 || len(validation.IsDNS1123Subdomain(name)) > 0 {
		return types.NamespacedName{}, fmt.Errorf("%q is not namespace/name", text)
	}
	return types.NamespacedName{Namespace: namespace, Name: name}, nil
}

// New returns a watcher of the gateway's headless Service and of the ConfigMap with the shard map. It knows nothing
// before Run.
func New(client kubernetes.Interface, service, shardMap types.NamespacedName, log *slog.Logger) *Watcher {
	ofService := labels.Set{discoveryv1.LabelServiceName: service.Name}.String()
	named := fields.OneTermEqualSelector(metav1.ObjectNameField, shardMap.Name).String()
	w := &Watcher{
		service: service.Name,
		slices: discoveryinformers.NewFilteredEndpointSliceInformer(client, service.Namespace, 0, cache.Indexers{},
			func(options *metav1.ListOptions) { options.LabelSelector = ofService }),
		shardMap: coreinformers.NewFilteredConfigMapInformer(client, shardMap.Namespace, 0, cache.Indexers{},
			func(options *metav1.ListOptions) { options.FieldSelector = named }),
		log:     log,
		changed: make(chan struct{}, 1),
	}
	w.state.Store(&state{shards: ShardMap{Shards: 1}})
	return w
}

// Run follows Kubernetes until ctx ends.
func (w *Watcher) Run(ctx context.Context) error {
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.touch() },
		UpdateFunc: func(any, any) { w.touch() },
		DeleteFunc: func(any) { w.touch() },
	}
	for _, informer := range []cache.SharedIndexInformer{w.slices, w.shardMap} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return fmt.Errorf("watch Kubernetes: %w", err)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.slices.RunWithContext(ctx)
	}()
	mapEnded := make(chan struct{})
	go func() {
		defer close(mapEnded)
		w.shardMap.RunWithContext(ctx)
	}()
	defer func() {
		stop()
		<-ended
		<-mapEnded
	}()
	if !cache.WaitForCacheSync(ctx.Done(), w.slices.HasSynced, w.shardMap.HasSynced) {
		return nil // told to stop
	}
	w.touch() // there may be no object at all, and so no event
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.changed:
			w.update()
		}
	}
}

func (w *Watcher) touch() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// update makes the state anew from what the informers hold.
func (w *Watcher) update() {
	old := w.state.Load()
	next := &state{shards: old.shards}
	for _, object := range w.shardMap.GetStore().List() {
		config, ok := object.(*corev1.ConfigMap)
		if !ok {
			continue
		}
		read, err := parseShardMap(config.Data)
		if err != nil {
			w.log.Error("shard map can't be read, the last one stays", "configmap", config.Name, "error", err)
			continue
		}
		next.shards = read
	}
	var all []*discoveryv1.EndpointSlice
	for _, object := range w.slices.GetStore().List() {
		if slice, ok := object.(*discoveryv1.EndpointSlice); ok {
			all = append(all, slice)
		}
	}
	next.pods = podsOf(all, w.service, next.shards.Shards)
	next.settled = next.shards.Generation > 0
	w.state.Store(next)
	if next.shards != old.shards {
		w.log.Info("new shard map", "generation", next.shards.Generation, "shards", next.shards.Shards)
	}
	if !slices.Equal(old.pods, next.pods) {
		w.log.Info("gateway pods changed", "pods", len(next.pods), "open", open(next.pods))
	}
}

// open counts the pods that take new sessions.
func open(pods []placement.Pod) (n int) {
	for _, pod := range pods {
		if !pod.ResumesOnly {
			n++
		}
	}
	return n
}

// Pods implements placement.Source.
func (w *Watcher) Pods() []placement.Pod { return w.state.Load().pods }

// Shards is the number of the platform's shards by the present map; 1 before it is known.
func (w *Watcher) Shards() int { return w.state.Load().shards.Shards }

// Generation is that of the present map; 0 before it is known.
func (w *Watcher) Generation() int64 { return w.state.Load().shards.Generation }

// Ready returns an error until the pods and the map are known. It stays nil when the API server is lost later.
func (w *Watcher) Ready(context.Context) error {
	if !w.state.Load().settled {
		return errors.New("the gateway's pods or the shard map are not known yet")
	}
	return nil
}
