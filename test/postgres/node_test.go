package postgres

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/hack/local/postgres"
	"guildhall.chat/guildhall/hack/local/scratch"
)

// node does for the pods of a component what Kubernetes' controllers and a kubelet would: it makes the pods of StatefulSets,
// runs their containers and those of Jobs on this machine, each pod on an address of its own, and keeps volumes.
type node struct {
	c         *cluster
	component string
	dir       string
	network   string   // the first three parts of the pods' addresses
	env       []string // of all containers

	mu      sync.Mutex
	running map[string]*running
	jobs    map[string]bool
	next    int // the last part of the next address
	// jobFailures is how often a Job's container has failed.
	jobFailures atomic.Int32
	// volumes are directories of this machine by the name of the claim.
	volumes map[string]string
}

// running is a pod's container.
type running struct {
	cmd   *exec.Cmd
	addr  string
	done  chan struct{}
	log   *bytes.Buffer
	uid   string
	ended bool
}

// nodes numbers the networks.
var nodes atomic.Int32

// volume is a directory that a claim is bound to.
type volume struct{ claim, path string }

// newNode starts a node for a component of the cluster.
func newNode(c *cluster, component string, volumes ...volume) *node {
	c.Helper()
	server, err := url.Parse(config.Host)
	if err != nil || server.Port() == "" {
		c.Fatalf("the API server is at %s: %v", config.Host, err)
	}
	binaries, err := postgres.Find(c.Context(), 0)
	if err != nil {
		c.Fatal(err)
	}
	program, err := filepath.EvalSymlinks(filepath.Join(binaries.Dir, "postgres"))
	if err != nil {
		c.Fatal(err)
	}
	dir, err := scratch.New("node")
	if err != nil {
		c.Fatal(err)
	}
	n := &node{
		c: c, component: component, dir: dir.Path,
		network: fmt.Sprintf("198.18.%d.", nodes.Add(1)),
		env: []string{
			"PATH=" + filepath.Dir(program) + ":/usr/bin:/bin",
			"KUBERNETES_SERVICE_HOST=" + server.Hostname(), "KUBERNETES_SERVICE_PORT=" + server.Port(),
		},
		running: map[string]*running{}, jobs: map[string]bool{}, next: 1, volumes: map[string]string{},
	}
	for _, v := range volumes {
		n.volumes[v.claim] = v.path
	}
	ctx, stop := context.WithCancel(context.Background())
	var worker sync.WaitGroup
	worker.Go(func() {
		for ctx.Err() == nil {
			if err := n.pass(ctx); err != nil && ctx.Err() == nil {
				c.Logf("node: %v", err)
			}
			select {
			case <-time.After(100 * time.Millisecond):
			case <-ctx.Done():
			}
		}
	})
	c.Cleanup(func() {
		stop()
		worker.Wait()
		for name, r := range n.running {
			_ = r.cmd.Process.Kill()
			<-r.done
			if c.Failed() {
				c.Logf("the end of the log of %s:\n%s", name, lastOf(r.log.Bytes(), 6000))
			}
		}
		if err := dir.Remove(); err != nil {
			c.Error(err)
		}
	})
	return n
}

func lastOf(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// pass looks at everything once.
func (n *node) pass(ctx context.Context) error {
	var sets appsv1.StatefulSetList
	var jobs batchv1.JobList
	var pods corev1.PodList
	labels := client.MatchingLabels{"app.kubernetes.io/component": n.component}
	if err := k8s.List(ctx, &sets, client.InNamespace(n.c.namespace), labels); err != nil {
		return err
	}
	if err := k8s.List(ctx, &pods, client.InNamespace(n.c.namespace), labels); err != nil {
		return err
	}
	if err := k8s.List(ctx, &jobs, client.InNamespace(n.c.namespace), client.MatchingLabels{"app.kubernetes.io/component": n.component + "-backup"}); err != nil {
		return err
	}
	for i := range sets.Items {
		if err := n.scale(ctx, &sets.Items[i], pods.Items); err != nil {
			return err
		}
	}
	for i := range pods.Items {
		if err := n.keep(ctx, &pods.Items[i]); err != nil {
			return err
		}
	}
	for i := range jobs.Items {
		n.runJob(ctx, &jobs.Items[i])
	}
	return n.release(ctx, pods.Items)
}

// release lets claims go that are to be deleted and that no pod uses: Kubernetes protects the others.
func (n *node) release(ctx context.Context, pods []corev1.Pod) error {
	var claims corev1.PersistentVolumeClaimList
	if err := k8s.List(ctx, &claims, client.InNamespace(n.c.namespace)); err != nil {
		return err
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		used := slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return strings.HasSuffix(claim.Name, "-"+pod.Name) })
		if claim.DeletionTimestamp.IsZero() || used {
			continue
		}
		before := claim.DeepCopy()
		claim.Finalizers = nil
		if err := client.IgnoreNotFound(k8s.Patch(ctx, claim, client.MergeFrom(before))); err != nil {
			return err
		}
		n.mu.Lock()
		n.volumes[claim.Name] += "-new"
		n.mu.Unlock()
	}
	return nil
}

// scale is the StatefulSet controller's part, for a StatefulSet that is updated OnDelete.
func (n *node) scale(ctx context.Context, set *appsv1.StatefulSet, pods []corev1.Pod) error {
	template, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(template)
	revision := set.Name + "-" + hex.EncodeToString(sum[:5])
	have := map[string]*corev1.Pod{}
	status := appsv1.StatefulSetStatus{ObservedGeneration: set.Generation, UpdateRevision: revision}
	for i := range pods {
		pod := &pods[i]
		if !metav1.IsControlledBy(pod, set) {
			continue
		}
		have[pod.Name] = pod
		status.Replicas++
		if pod.Labels[appsv1.StatefulSetRevisionLabel] == revision {
			status.UpdatedReplicas++
		}
		if len(pod.Status.Conditions) > 0 && pod.Status.Conditions[0].Status == corev1.ConditionTrue {
			status.ReadyReplicas++
			status.AvailableReplicas++
		}
	}
	for ordinal := range *set.Spec.Replicas {
		name := fmt.Sprintf("%s-%d", set.Name, ordinal)
		if have[name] != nil {
			delete(have, name)
			continue
		}
		if err := n.create(ctx, set, name, revision); err != nil {
			return err
		}
	}
	for _, pod := range have { // what is not wanted any more
		if pod.DeletionTimestamp.IsZero() {
			if err := client.IgnoreNotFound(k8s.Delete(ctx, pod)); err != nil {
				return err
			}
		}
	}
	if before := set.DeepCopy(); fmt.Sprint(before.Status) != fmt.Sprint(status) {
		set.Status = status
		return client.IgnoreNotFound(k8s.Status().Patch(ctx, set, client.MergeFrom(before)))
	}
	return nil
}

func (n *node) create(ctx context.Context, set *appsv1.StatefulSet, name, revision string) error {
	pod := &corev1.Pod{ObjectMeta: *set.Spec.Template.ObjectMeta.DeepCopy(), Spec: *set.Spec.Template.Spec.DeepCopy()}
	pod.Name, pod.Namespace = name, set.Namespace
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	pod.Spec.NodeName = "node" // without one, a deletion would not wait for the container's end
	for _, template := range set.Spec.VolumeClaimTemplates {
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: *template.ObjectMeta.DeepCopy(), Spec: *template.Spec.DeepCopy()}
		claim.Name, claim.Namespace = template.Name+"-"+name, set.Namespace
		err := k8s.Create(ctx, claim)
		if err != nil && !alreadyExists(err) {
			return err
		}
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: template.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name},
		}})
	}
	if err := k8s.Create(ctx, pod); err != nil && !alreadyExists(err) {
		return fmt.Errorf("create pod %s: %w", name, err)
	}
	return nil
}

// keep is the kubelet's part.
func (n *node) keep(ctx context.Context, pod *corev1.Pod) error {
	n.mu.Lock()
	r := n.running[pod.Name]
	n.mu.Unlock()
	if r != nil {
		select {
		case <-r.done:
			r.ended = true
		default:
		}
	}
	switch {
	case !pod.DeletionTimestamp.IsZero() && r != nil && !r.ended && r.uid == string(pod.UID):
		_ = r.cmd.Process.Signal(syscall.SIGTERM) // once more does no harm
		return nil
	case !pod.DeletionTimestamp.IsZero():
		n.mu.Lock()
		delete(n.running, pod.Name)
		n.mu.Unlock()
		return client.IgnoreNotFound(k8s.Delete(ctx, pod, client.GracePeriodSeconds(0), client.Preconditions{UID: &pod.UID}))
	case r == nil || r.ended:
		return n.start(ctx, pod, r)
	}
	return n.setPodStatus(ctx, pod, r.addr, isReady(ctx, pod, r.addr))
}

func isReady(ctx context.Context, pod *corev1.Pod, addr string) bool {
	probe := pod.Spec.Containers[0].ReadinessProbe.HTTPGet
	port := 0
	for _, p := range pod.Spec.Containers[0].Ports {
		if p.Name == probe.Port.String() {
			port = int(p.ContainerPort)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(addr, strconv.Itoa(port))+probe.Path, http.NoBody)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode < 400
}

func (n *node) setPodStatus(ctx context.Context, pod *corev1.Pod, addr string, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	now := pod.Status
	if now.PodIP == addr && len(now.Conditions) > 0 && now.Conditions[0].Status == status {
		return nil
	}
	before := pod.DeepCopy()
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, addr, []corev1.PodIP{{IP: addr}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.Now()}}
	return client.IgnoreNotFound(k8s.Status().Patch(ctx, pod, client.MergeFrom(before)))
}

// start runs the pod's container. A new pod gets a new address.
func (n *node) start(ctx context.Context, pod *corev1.Pod, before *running) error {
	var addr string
	if before != nil && before.uid == string(pod.UID) {
		addr = before.addr
	} else {
		addr = fmt.Sprintf("%s%d", n.network, n.next)
		n.next++
	}
	if err := n.setPodStatus(ctx, pod, addr, false); err != nil {
		return err
	}
	cmd, err := n.container(ctx, pod.Name, pod.Spec, map[string]string{"metadata.name": pod.Name, "status.podIP": addr})
	if err != nil {
		return err
	}
	r := &running{cmd: cmd, addr: addr, done: make(chan struct{}), log: &bytes.Buffer{}, uid: string(pod.UID)}
	if before != nil {
		r.log = before.log
	}
	cmd.Stdout, cmd.Stderr = r.log, r.log
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		_ = cmd.Wait()
		close(r.done)
	}()
	n.mu.Lock()
	n.running[pod.Name] = r
	n.mu.Unlock()
	return nil
}

// container prepares the volumes of a pod and returns its process.
func (n *node) container(ctx context.Context, name string, spec corev1.PodSpec, fields map[string]string) (*exec.Cmd, error) {
	dir := filepath.Join(n.dir, name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	c := container{pod: spec, mounts: map[string]string{}, fields: fields, dir: dir}
	for _, volume := range spec.Volumes {
		path := filepath.Join(dir, "volumes", volume.Name)
		if claim := volume.PersistentVolumeClaim; claim != nil {
			path = n.volume(claim.ClaimName)
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, err
		}
		if err := n.fill(ctx, path, volume); err != nil {
			return nil, err
		}
		if err := os.Chown(path, -1, int(*spec.SecurityContext.FSGroup)); err != nil {
			return nil, err
		}
		if err := os.Chmod(path, 0o770); err != nil {
			return nil, err
		}
		c.mounts[volume.Name] = path
	}
	if ptr.Deref(spec.AutomountServiceAccountToken, true) {
		path := filepath.Join(dir, "token")
		if err := n.token(ctx, path, spec.ServiceAccountName); err != nil {
			return nil, err
		}
		c.mounts["token"] = path
	}
	c.env = n.env
	hosts, err := n.hosts(ctx)
	if err != nil {
		return nil, err
	}
	c.hosts = hosts
	return c.command(ctx)
}

// volume returns the directory of a claim.
func (n *node) volume(claim string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.volumes[claim] == "" {
		n.volumes[claim] = filepath.Join(n.dir, "claims", claim)
	}
	return n.volumes[claim]
}

// fill writes the files of a volume that has some.
func (n *node) fill(ctx context.Context, path string, volume corev1.Volume) error {
	secret := func(name string, items []corev1.KeyToPath) error {
		var s corev1.Secret
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: n.c.namespace, Name: name}, &s); err != nil {
			return err
		}
		for _, item := range items {
			file := filepath.Join(path, item.Path)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(file, s.Data[item.Key], 0o644); err != nil {
				return err
			}
		}
		return nil
	}
	if volume.Projected != nil {
		for _, source := range volume.Projected.Sources {
			if err := secret(source.Secret.Name, source.Secret.Items); err != nil {
				return err
			}
		}
	}
	if volume.ConfigMap != nil {
		var files corev1.ConfigMap
		if err := k8s.Get(ctx, client.ObjectKey{Namespace: n.c.namespace, Name: volume.ConfigMap.Name}, &files); err != nil {
			return err
		}
		for name, content := range files.Data {
			if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// token gives a pod what it speaks to the API server with.
func (n *node) token(ctx context.Context, path, account string) error {
	var a corev1.ServiceAccount
	if err := k8s.Get(ctx, client.ObjectKey{Namespace: n.c.namespace, Name: account}, &a); err != nil {
		return err
	}
	request := &authenticationv1.TokenRequest{}
	if err := k8s.SubResource("token").Create(ctx, &a, request); err != nil {
		return err
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"token": []byte(request.Status.Token), "ca.crt": config.CAData, "namespace": []byte(n.c.namespace),
	} {
		if err := os.WriteFile(filepath.Join(path, name), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// hosts stands for DNS: Services of which somebody has written the endpoints.
func (n *node) hosts(ctx context.Context) (string, error) {
	var list corev1.EndpointsList // Patroni writes these
	if err := k8s.List(ctx, &list, client.InNamespace(n.c.namespace)); err != nil {
		return "", err
	}
	var hosts strings.Builder
	hosts.WriteString("127.0.0.1 localhost\n")
	for _, endpoints := range list.Items {
		for _, subset := range endpoints.Subsets {
			for _, address := range subset.Addresses {
				hosts.WriteString(address.IP + " " + endpoints.Name + "\n")
			}
		}
	}
	return hosts.String(), nil
}

// retryAfter is how long a Job's container that has failed is not tried again; then twice as long, as Kubernetes does.
// https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-backoff-failure-policy
const retryAfter = 10 * time.Second

// runJob runs a Job's container, as often as the Job allows until it succeeds, and says how it ended.
func (n *node) runJob(ctx context.Context, job *batchv1.Job) {
	n.mu.Lock()
	started := n.jobs[job.Name]
	n.jobs[job.Name] = true
	n.mu.Unlock()
	if started {
		return
	}
	go func() {
		for failures := range 1 + ptr.Deref(job.Spec.BackoffLimit, 6) {
			output, err := n.runOnce(ctx, job)
			if ctx.Err() != nil {
				return
			}
			if err == nil {
				n.c.endJob(job.Name, batchv1.JobSuccessCriteriaMet, batchv1.JobComplete)
				return
			}
			n.jobFailures.Add(1)
			n.c.Logf("%s: %v\n%s", job.Name, err, output)
			select {
			case <-time.After(retryAfter << failures):
			case <-ctx.Done():
				return
			}
		}
		n.c.endJob(job.Name, batchv1.JobFailureTarget, batchv1.JobFailed)
	}()
}

func (n *node) runOnce(ctx context.Context, job *batchv1.Job) ([]byte, error) {
	cmd, err := n.container(ctx, job.Name, job.Spec.Template.Spec, nil)
	if err != nil {
		return nil, err
	}
	return cmd.CombinedOutput()
}

// kill ends a pod's container at once; it comes back.
func (n *node) kill(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r := n.running[name]; r != nil {
		_ = r.cmd.Process.Kill()
	}
}

// lose kills a pod's container, which finds an empty volume when it comes back.
func (n *node) lose(name, claim string) {
	n.mu.Lock()
	n.volumes[claim] += "-new"
	n.mu.Unlock()
	n.kill(name)
}

// addr is the address of a pod, "" if it does not run.
func (n *node) addr(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r := n.running[name]; r != nil {
		return r.addr
	}
	return ""
}
