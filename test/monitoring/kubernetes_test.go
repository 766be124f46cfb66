package monitoring

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/kubernetes/programs"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/test/apiserver"
)

const (
	root = "../.."
	// assetsTimeout bounds a build of kube-apiserver with empty caches on a busy machine.
	assetsTimeout = 30 * time.Minute

	// namespace and chatcluster are whose the platform is, as far as Prometheus can see.
	namespace   = "guildhall"
	chatcluster = "chat"
	// storesOnly is a ChatCluster with stores that the operator keeps. No pods run, so it gets no further.
	storesOnly = "stores"

	tlsSecret = "chat-tls"
)

// kubernetes is an API server with the operator, and the ChatClusters of this suite.
type kubernetes struct {
	*apiserver.Server
	operator *apiserver.Operator

	mu      sync.Mutex
	unready map[string]bool // StatefulSets whose pods are not ready
}

func startKubernetes(t *testing.T) *kubernetes {
	t.Helper()
	ctrllog.SetLogger(logr.Discard())
	ctx, cancel := context.WithTimeout(t.Context(), assetsTimeout)
	defer cancel()
	assets, err := programs.Envtest(ctx, os.Stderr)
	must(t, err)
	dir, err := scratch.New("operator")
	must(t, err)
	t.Cleanup(func() { check(t, dir.Remove()) })
	_, err = apiserver.Command(ctx, "go", "build", "-o", dir.Path+"/", root+"/operator")
	must(t, err)
	manifests, err := apiserver.Manifests(ctx, root)
	must(t, err)
	server, err := apiserver.Start(assets, nil)
	must(t, err)
	t.Cleanup(func() { check(t, server.Stop()) })
	must(t, server.Install(ctx, root, manifests))
	k := &kubernetes{Server: server, unready: map[string]bool{}}
	k.operator, err = server.Operate(ctx, filepath.Join(dir.Path, "operator"), dir.Path)
	must(t, err)
	t.Cleanup(func() {
		log, err := k.operator.Stop()
		check(t, err)
		if t.Failed() {
			t.Logf("the log of the operator ends:\n%s", log[max(0, len(log)-4096):])
		}
	})
	k.populate(t)
	k.run(t)
	return k
}

// populate makes the ChatClusters.
func (k *kubernetes) populate(t *testing.T) {
	t.Helper()
	secret := func(name string, keys ...string) *corev1.Secret {
		s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, StringData: map[string]string{}}
		for _, key := range keys {
			s.StringData[key] = "secret"
		}
		return s
	}
	certificate := secret(tlsSecret)
	certificate.Type, certificate.Data = corev1.SecretTypeTLS, selfSigned(t, 90*24*time.Hour)
	chat := readSample(t, "external.yaml")
	chat.Name, chat.Spec.TLS.SecretName = chatcluster, tlsSecret
	chat.Spec.Ingress = &v1alpha1.IngressSpec{}
	stores := readSample(t, "production.yaml")
	stores.Name = storesOnly
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}},
		secret("guildhall-secrets", "postgres-dsn", "redis-password", "smtp-password", "s3-access-key", "s3-secret-key"),
		secret("chat-smtp", "smtp-password"),
		secret("chat-files", "s3-access-key", "s3-secret-key"),
		secret("chat-backups", "s3-access-key", "s3-secret-key"),
		certificate, chat, stores,
	} {
		must(t, k.Client.Create(t.Context(), object))
	}
}

func readSample(t *testing.T, name string) *v1alpha1.ChatCluster {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config/samples", name))
	must(t, err)
	var c v1alpha1.ChatCluster
	must(t, yaml.UnmarshalStrict(content, &c))
	c.Namespace = namespace
	return &c
}

// run does what Kubernetes' controllers and kubelets would: everything is ready at once, but for what a test wants unready, and
// the first backup of the managed Postgres is made. It ends with the test.
func (k *kubernetes) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for tick := time.NewTicker(poll); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			if err := k.step(ctx); err != nil && ctx.Err() == nil {
				t.Logf("the part of Kubernetes' controllers: %v", err)
			}
		}
	})
	t.Cleanup(func() { stop(); running.Wait() })
}

func (k *kubernetes) step(ctx context.Context) error {
	var sets appsv1.StatefulSetList
	var deployments appsv1.DeploymentList
	var jobs batchv1.JobList
	var schedules batchv1.CronJobList
	for _, list := range []client.ObjectList{&sets, &deployments, &jobs, &schedules} {
		if err := k.Client.List(ctx, list, client.InNamespace(namespace)); err != nil {
			return err
		}
	}
	for i := range sets.Items {
		set := &sets.Items[i]
		n, ready := *set.Spec.Replicas, *set.Spec.Replicas
		if k.isUnready(set.Name) {
			ready = 0
		}
		status := appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, Replicas: n, ReadyReplicas: ready, UpdatedReplicas: n, AvailableReplicas: ready}
		if err := k.setStatus(ctx, set, func() { set.Status = status }); err != nil {
			return err
		}
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		n := *d.Spec.Replicas
		status := appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: n, ReadyReplicas: n, UpdatedReplicas: n, AvailableReplicas: n}
		if err := k.setStatus(ctx, d, func() { d.Status = status }); err != nil {
			return err
		}
	}
	for i := range schedules.Items {
		if err := k.backUp(ctx, &schedules.Items[i]); err != nil {
			return err
		}
	}
	for i := range jobs.Items {
		if err := k.complete(ctx, &jobs.Items[i]); err != nil {
			return err
		}
	}
	return nil
}

// backUp makes the first Job of a schedule.
func (k *kubernetes) backUp(ctx context.Context, schedule *batchv1.CronJob) error {
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: schedule.Name + "-0", Namespace: namespace, Labels: schedule.Spec.JobTemplate.Labels},
		Spec:       schedule.Spec.JobTemplate.Spec,
	}
	if err := k.Client.Create(ctx, job); !apierrors.IsAlreadyExists(err) {
		return err
	}
	return nil
}

func (k *kubernetes) complete(ctx context.Context, job *batchv1.Job) error {
	if len(job.Status.Conditions) > 0 {
		return nil
	}
	return k.setStatus(ctx, job, func() {
		now := metav1.NewTime(time.Now().Truncate(time.Second))
		job.Status.StartTime, job.Status.CompletionTime, job.Status.Succeeded = &now, &now, 1
		for _, kind := range []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete} {
			job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
				Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now,
			})
		}
	})
}

// setStatus writes what set changes, if it changes anything. The object may be gone meanwhile.
func (k *kubernetes) setStatus(ctx context.Context, object client.Object, set func()) error {
	before, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return fmt.Errorf("%T is no object", object)
	}
	set()
	if err := k.Client.Status().Patch(ctx, object, client.MergeFrom(before)); client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("status of %s: %w", object.GetName(), err)
	}
	return nil
}

func (k *kubernetes) isUnready(set string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.unready[set]
}

// takeDown makes the pods of a StatefulSet unready until lift is called.
func (k *kubernetes) takeDown(set string) (lift func()) {
	mark := func(unready bool) {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.unready[set] = unready
	}
	mark(true)
	return func() { mark(false) }
}

// replaceCertificate puts one into the Secret that is good for so long.
func (k *kubernetes) replaceCertificate(t *testing.T, good time.Duration) {
	t.Helper()
	secret := &corev1.Secret{}
	must(t, k.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: tlsSecret}, secret))
	before := secret.DeepCopy()
	secret.Data = selfSigned(t, good)
	must(t, k.Client.Patch(t.Context(), secret, client.MergeFrom(before)))
}

// selfSigned is the content of a Secret of type kubernetes.io/tls.
func selfSigned(t *testing.T, good time.Duration) map[string][]byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"chat.example.com"}, NotBefore: time.Now(), NotAfter: time.Now().Add(good),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	return map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}
