package controller

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// foreign knows which kinds of others' the cluster has, and watches those that are used. Of their objects only the metadata
// is kept: a change of one shows in it.
type foreign struct {
	manager    ctrl.Manager
	controller controller.Controller

	mu      sync.Mutex
	watched map[schema.GroupVersionKind]bool
	missing map[schema.GroupVersionKind]time.Time // when it was last looked for
}

// remember is for how long a kind counts as missing without another look: each is a request.
const remember = 5 * time.Second

func newForeign(manager ctrl.Manager, made controller.Controller) *foreign {
	return &foreign{manager: manager, controller: made, watched: map[schema.GroupVersionKind]bool{}, missing: map[schema.GroupVersionKind]time.Time{}}
}

// serves reports whether the cluster has the kind. If so, changes of its objects are watched from then on.
func (f *foreign) serves(kind schema.GroupVersionKind) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.watched[kind] {
		return true, nil
	}
	if time.Since(f.missing[kind]) < remember {
		return false, nil
	}
	// The mapper asks the API server again for what it doesn't know.
	_, err := f.manager.GetRESTMapper().RESTMapping(kind.GroupKind(), kind.Version)
	if meta.IsNoMatchError(err) {
		f.missing[kind] = time.Now()
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for %s: %w", kind.Kind, err)
	}
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(kind)
	err = f.controller.Watch(source.Kind[client.Object](f.manager.GetCache(), object, handler.EnqueueRequestsFromMapFunc(instance)))
	if err != nil {
		return false, fmt.Errorf("watch %s: %w", kind.Kind, err)
	}
	f.watched[kind] = true
	return true, nil
}
