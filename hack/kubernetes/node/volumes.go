//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// provisioner is the storage class's: its volumes are directories in the cluster's own. They are of the type local, to
// which the kubelet applies a pod's fsGroup as it does to a cloud's disks.
const provisioner = "guildhall.chat/directory"

const (
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	firstRetry    = 100 * time.Millisecond
	lastRetry     = 5 * time.Second
)

// volumes makes a volume for each claim of the storage class and removes what has been released.
type volumes struct {
	dir    string
	client kubernetes.Interface
	claims cache.SharedIndexInformer
	made   cache.SharedIndexInformer
	queue  workqueue.TypedRateLimitingInterface[string] // keys of claims, and names of volumes
}

// runVolumes works until ctx ends.
func runVolumes(ctx context.Context, client kubernetes.Interface, dir string) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	v := &volumes{
		dir: dir, client: client,
		claims: factory.Core().V1().PersistentVolumeClaims().Informer(),
		made:   factory.Core().V1().PersistentVolumes().Informer(),
		queue:  workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, lastRetry)),
	}
	changed := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			v.queue.Add(key)
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: changed, UpdateFunc: func(_, now any) { changed(now) }}
	for _, informer := range []cache.SharedIndexInformer{v.claims, v.made} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	context.AfterFunc(ctx, v.queue.ShutDown)
	for {
		key, over := v.queue.Get()
		if over {
			return nil
		}
		if err := v.handle(ctx, key); err != nil && ctx.Err() == nil {
			fmt.Fprintf(os.Stderr, "volumes: %s: %v\n", key, err)
			v.queue.AddRateLimited(key)
		} else {
			v.queue.Forget(key)
		}
		v.queue.Done(key)
	}
}

func (v *volumes) handle(ctx context.Context, key string) error {
	if object, exists, err := v.claims.GetStore().GetByKey(key); err != nil || exists {
		return errors.Join(err, v.provision(ctx, object.(*corev1.PersistentVolumeClaim)))
	}
	if object, exists, err := v.made.GetStore().GetByKey(key); err != nil || exists {
		return errors.Join(err, v.reclaim(ctx, object.(*corev1.PersistentVolume)))
	}
	return nil
}

// provision makes the volume of a claim that waits for one. Kubernetes' own controller binds them.
func (v *volumes) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	if claim.Annotations["volume.kubernetes.io/storage-provisioner"] != provisioner || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return nil
	}
	name := "pvc-" + string(claim.UID)
	path := filepath.Join(v.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	mode := corev1.PersistentVolumeFilesystem
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			AccessModes:                   claim.Spec.AccessModes,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			StorageClassName:              *claim.Spec.StorageClassName,
			VolumeMode:                    &mode,
			PersistentVolumeSource:        corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{Path: path}},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim",
				Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID, ResourceVersion: claim.ResourceVersion,
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{nodeName}}},
			}}}},
		},
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// reclaim removes a volume whose claim is gone.
func (v *volumes) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != provisioner || volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(v.dir, volume.Name)); err != nil {
		return err
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
