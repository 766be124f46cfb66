package operator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// redisPods are the pods of the StatefulSet chat-redis. It does the work of Kubernetes' controller and of a kubelet: each pod is a
// redis-server at a loopback address of its own, started, asked whether it is ready and stopped as its template says.
type redisPods struct {
	*cluster
	disk    string // directory of the volumes
	network [3]byte
	next    byte
	running map[string]*redisPod
	volumes map[string]string // directory, by pod
	held    map[string]bool   // pods that don't come up
	made    int               // pods, in all
	atOnce  int               // most pods that were missing at once
}

type redisPod struct {
	object  *corev1.Pod
	dir     string
	process *exec.Cmd
}

func newRedisPods(c *cluster) *redisPods {
	pods := &redisPods{
		cluster: c, disk: c.TempDir(), network: [3]byte{127, byte(10 + rand.IntN(200)), byte(rand.IntN(256))},
		running: map[string]*redisPod{}, volumes: map[string]string{}, held: map[string]bool{},
	}
	c.Cleanup(func() {
		for name, pod := range pods.running {
			pod.stop(syscall.SIGKILL)
			if content, err := os.ReadFile(filepath.Join(pod.dir, "log")); c.Failed() && err == nil {
				log.Printf("%s of %s:\n%s", name, c.Name(), content[max(0, len(content)-2000):])
			}
		}
	})
	return pods
}

// redisPatience bounds each wait. Past it, something hangs.
const redisPatience = 3 * time.Minute

// until does the work of Kubernetes until check returns "".
func (p *redisPods) until(what string, check func() string) {
	p.Helper()
	for deadline := time.Now().Add(redisPatience); ; time.Sleep(5 * poll) {
		p.work()
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			p.Fatalf("%s: %s", what, problem)
		}
	}
}

// work does once what is to be done now.
func (p *redisPods) work() {
	p.Helper()
	var set appsv1.StatefulSet
	err := k8s.Get(p.Context(), client.ObjectKey{Namespace: p.namespace, Name: "chat-redis"}, &set)
	if notFound(err) {
		return
	}
	if err != nil {
		p.Fatal(err)
	}
	revision := revisionOf(&set)
	p.collect(int(*set.Spec.Replicas))
	p.collectVolumes()
	missing := 0
	for ordinal := range int(*set.Spec.Replicas) {
		name := fmt.Sprintf("chat-redis-%d", ordinal)
		if p.running[name] == nil && !p.held[name] {
			missing++
			p.run(&set, name, revision)
		}
	}
	p.atOnce = max(p.atOnce, missing)
	ready := int32(0)
	for _, pod := range p.running {
		p.mount(pod)
		if p.probe(pod) {
			ready++
		}
	}
	p.setStatus(&set, func() {
		set.Status = appsv1.StatefulSetStatus{
			ObservedGeneration: set.Generation, UpdateRevision: revision, CurrentRevision: revision,
			Replicas: int32(len(p.running)), ReadyReplicas: ready, UpdatedReplicas: ready, AvailableReplicas: ready,
		}
	})
}

// revisionOf stands for the template, as the label controller-revision-hash does.
func revisionOf(set *appsv1.StatefulSet) string {
	content, err := json.Marshal(set.Spec.Template)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("chat-redis-%x", sha256.Sum256(content))[:20]
}

// collect deletes pods that the StatefulSet is not to have, and stops the servers of pods that are gone.
func (p *redisPods) collect(replicas int) {
	p.Helper()
	for name, pod := range p.running {
		var now corev1.Pod
		err := k8s.Get(p.Context(), client.ObjectKeyFromObject(pod.object), &now)
		if err == nil && now.UID == pod.object.UID {
			var ordinal int
			if _, err := fmt.Sscanf(name, "chat-redis-%d", &ordinal); err != nil || ordinal < replicas {
				continue
			}
			err = k8s.Delete(p.Context(), &now)
		}
		if err != nil && !notFound(err) {
			p.Fatal(err)
		}
		pod.stop(syscall.SIGTERM)
		delete(p.running, name)
	}
}

// collectVolumes lets volumes go that were deleted.
func (p *redisPods) collectVolumes() {
	p.Helper()
	var claims corev1.PersistentVolumeClaimList
	p.names(&claims)
	for i := range claims.Items {
		claim := &claims.Items[i]
		if claim.DeletionTimestamp.IsZero() {
			continue
		}
		before := claim.DeepCopy()
		claim.Finalizers = nil
		p.patch(claim, before)
		delete(p.volumes, strings.TrimPrefix(claim.Name, "data-"))
	}
}

// run makes a pod and its volume, and starts its server.
func (p *redisPods) run(set *appsv1.StatefulSet, name, revision string) {
	p.Helper()
	if p.volumes[name] == "" {
		dir, err := os.MkdirTemp(p.disk, name)
		if err != nil {
			p.Fatal(err)
		}
		p.volumes[name] = dir
		claim := &corev1.PersistentVolumeClaim{
			ObjectMeta: metav1.ObjectMeta{Name: "data-" + name, Namespace: p.namespace, Labels: set.Spec.VolumeClaimTemplates[0].Labels},
			Spec:       set.Spec.VolumeClaimTemplates[0].Spec,
		}
		if err := k8s.Create(p.Context(), claim); err != nil {
			p.Fatal(err)
		}
	}
	p.next++
	ip := netip.AddrFrom4([4]byte{p.network[0], p.network[1], p.network[2], p.next}).String()
	object := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: p.namespace, Labels: map[string]string{appsv1.StatefulSetRevisionLabel: revision},
			Annotations: set.Spec.Template.Annotations,
		},
		Spec: *set.Spec.Template.Spec.DeepCopy(),
	}
	for key, value := range set.Spec.Template.Labels {
		object.Labels[key] = value
	}
	object.Spec.Volumes = append(object.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data-" + name},
	}})
	if err := k8s.Create(p.Context(), object); err != nil {
		p.Fatal(err)
	}
	p.setStatus(object, func() {
		object.Status.Phase, object.Status.PodIP, object.Status.PodIPs = corev1.PodRunning, ip, []corev1.PodIP{{IP: ip}}
	})
	pod := &redisPod{object: object, dir: p.volumes[name]}
	p.mount(pod)
	pod.start(p)
	p.running[name] = pod
	p.made++
}

func (r *redisPod) start(p *redisPods) {
	output, err := os.OpenFile(filepath.Join(r.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		p.Fatal(err)
	}
	defer output.Close()
	r.process = r.script("start.sh")
	r.process.Stdout, r.process.Stderr = output, output
	r.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := r.process.Start(); err != nil {
		p.Fatal(err)
	}
}

// script is a script of the template, with the pod's environment.
func (r *redisPod) script(name string) *exec.Cmd {
	cmd := exec.Command("sh", filepath.Join(r.dir, "etc/redis", name))
	cmd.Env = append(os.Environ(), "ROOT="+r.dir, "POD_IP="+r.object.Status.PodIP)
	for _, variable := range r.object.Spec.Containers[0].Env {
		if variable.Value != "" {
			cmd.Env = append(cmd.Env, variable.Name+"="+variable.Value)
		}
	}
	return cmd
}

// stop ends the server as a kubelet does, or kills it.
func (r *redisPod) stop(signal syscall.Signal) {
	if r.process == nil {
		return
	}
	if signal == syscall.SIGTERM {
		_ = r.script("handover.sh").Run()
	}
	_ = r.process.Process.Signal(signal)
	_ = r.process.Wait()
	r.process = nil
}

// mount writes the files of the ConfigMap and the Secret as they are now.
func (p *redisPods) mount(pod *redisPod) {
	p.Helper()
	var files corev1.ConfigMap
	var secret corev1.Secret
	p.read("chat-redis", &files)
	p.read("chat-redis", &secret)
	contents := map[string][]byte{"run/redis/x": nil, "data/x": nil}
	for name, content := range files.Data {
		contents["etc/redis/"+name] = []byte(content)
	}
	for _, key := range []string{"redis-password", "users.acl"} {
		contents["secrets/"+key] = secret.Data[key]
	}
	for name, content := range contents {
		if err := replaceFile(filepath.Join(pod.dir, name), content); err != nil {
			p.Fatal(err)
		}
	}
}

// replaceFile writes the file at once, as a kubelet does, unless it is so already: a script may be running.
func replaceFile(path string, content []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, content) {
		return nil
	}
	next := path + ".next"
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(next, content, 0o600), os.Rename(next, path))
}

// probe asks whether the pod is ready, and says so to the API server.
func (p *redisPods) probe(pod *redisPod) bool {
	p.Helper()
	status := corev1.ConditionFalse
	if pod.process != nil && pod.script("ready.sh").Run() == nil {
		status = corev1.ConditionTrue
	}
	object := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: pod.object.Name}}
	p.setStatus(object, func() {
		i := slices.IndexFunc(object.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == corev1.PodReady })
		if i < 0 {
			object.Status.Conditions = append(object.Status.Conditions, corev1.PodCondition{Type: corev1.PodReady, Status: status})
		} else {
			object.Status.Conditions[i].Status = status
		}
	})
	return status == corev1.ConditionTrue
}

// lose kills the server and takes its pod and its volume away.
func (p *redisPods) lose(name string) {
	p.Helper()
	pod := p.running[name]
	pod.stop(syscall.SIGKILL)
	delete(p.running, name)
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-" + name, Namespace: p.namespace}}
	if err := errors.Join(k8s.Delete(p.Context(), pod.object), k8s.Delete(p.Context(), claim)); err != nil {
		p.Fatal(err)
	}
	p.collectVolumes()
}

// hold kills servers and keeps them from coming back until release.
func (p *redisPods) hold(names ...string) {
	for _, name := range names {
		p.held[name] = true
		p.running[name].stop(syscall.SIGKILL)
	}
}

func (p *redisPods) release() {
	p.Helper()
	for name := range p.held {
		p.running[name].start(p)
	}
	p.held = map[string]bool{}
}

// shard returns the pods of a master and its replica.
func (p *redisPods) shard() (master, replica string) {
	p.Helper()
	byIP := map[string]string{}
	for name, pod := range p.running {
		byIP[pod.object.Status.PodIP] = name
	}
	for name, pod := range p.running {
		node := pod.client(p.password())
		role, err := node.Do(p.Context(), "ROLE").Slice()
		_ = node.Close()
		if err != nil {
			p.Fatal(err)
		}
		if role[0] == "slave" {
			return byIP[fmt.Sprint(role[1])], name
		}
	}
	p.Fatal("no replica")
	return "", ""
}

func (p *redisPods) password() string {
	p.Helper()
	var secret corev1.Secret
	p.read("chat-redis", &secret)
	return string(secret.Data["redis-password"])
}

func (r *redisPod) client(password string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: r.object.Status.PodIP + ":6379", Password: password, MaxRetries: -1})
}

func (r *redisPod) ping(password string) error {
	node := r.client(password)
	defer node.Close()
	return node.Ping(context.Background()).Err()
}

func (p *redisPods) clients() *redis.ClusterClient {
	var addrs []string
	for _, pod := range p.running {
		addrs = append(addrs, pod.object.Status.PodIP+":6379")
	}
	return redis.NewClusterClient(&redis.ClusterOptions{Addrs: addrs, Password: p.password()})
}

// write writes so many keys, which check wants to find.
func (p *redisPods) write(keys int) {
	p.Helper()
	client := p.clients()
	defer client.Close()
	for i := range keys {
		if err := client.Set(p.Context(), fmt.Sprintf("key:%d", i), i, 0).Err(); err != nil {
			p.Fatal(err)
		}
	}
}

func (p *redisPods) check(keys int) {
	p.Helper()
	client := p.clients()
	defer client.Close()
	var lost []string
	for i := range keys {
		if have, err := client.Get(p.Context(), fmt.Sprintf("key:%d", i)).Int(); err != nil || have != i {
			lost = append(lost, fmt.Sprintf("%d: %d %v", i, have, err))
		}
	}
	if len(lost) > 0 {
		p.Errorf("%d keys are lost: %s", len(lost), strings.Join(lost[:min(3, len(lost))], ", "))
	}
}
