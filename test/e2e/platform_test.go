package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/kubernetes/images"
	"guildhall.chat/guildhall/hack/local/frontdoor"
)

// sample is what users are told to begin with.
const sample = "../../config/samples/chatcluster.yaml"

// platform is a ChatCluster and the way to it.
type platform struct {
	namespace
	name string
	url  string // of the front door
}

// newPlatform applies the sample, with the images that there are and the address where this process can be reached, and
// waits until it is available.
func newPlatform(t *testing.T, change func(*v1alpha1.ChatClusterSpec)) *platform {
	t.Helper()
	return newPlatformIn(newNamespace(t), change)
}

// newPlatformIn is newPlatform in a namespace in which something is there already.
func newPlatformIn(n namespace, change func(*v1alpha1.ChatClusterSpec)) *platform {
	t := n.t
	t.Helper()
	needOperator(t)
	p := &platform{namespace: n}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cluster := readSample(t)
	cluster.Namespace = p.namespace.name
	p.name, p.url = cluster.Name, "http://"+listener.Addr().String()
	cluster.Spec.Domain = listener.Addr().String()
	cluster.Spec.TLS = v1alpha1.TLSSpec{Disabled: true}
	cluster.Spec.Ingress = nil // serve is in its place, at an address instead of a name
	cluster.Spec.Image, cluster.Spec.Redis.Image, cluster.Spec.Postgres.Image = images.Guildhall, images.Redis, images.Postgres
	if change != nil {
		change(&cluster.Spec)
	}
	p.serve(listener)
	p.create(cluster)
	p.settled()
	return p
}

func readSample(t *testing.T) *v1alpha1.ChatCluster {
	t.Helper()
	content, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	cluster := &v1alpha1.ChatCluster{}
	if err := yaml.UnmarshalStrict(content, cluster); err != nil {
		t.Fatalf("%s: %v", sample, err)
	}
	return cluster
}

// serve is the ingress: one address for the Services of the api and the shard router.
func (p *platform) serve(listener net.Listener) {
	service := func(component string) []string {
		return []string{fmt.Sprintf("%s-%s.%s.svc.cluster.local:80", p.name, component, p.namespace.name)}
	}
	server := &http.Server{
		Handler:           frontdoor.Handler(service("api"), service("shard-router"), slog.New(slog.DiscardHandler)),
		ReadHeaderTimeout: time.Minute,
	}
	go func() { _ = server.Serve(listener) }()
	p.t.Cleanup(func() { _ = server.Close() })
}

func (p *platform) create(cluster *v1alpha1.ChatCluster) {
	p.t.Helper()
	if err := k8s.Create(p.t.Context(), cluster); err != nil {
		p.t.Fatalf("create the ChatCluster: %v", err)
	}
}

// read returns the ChatCluster as it is.
func (p *platform) read(ctx context.Context) (*v1alpha1.ChatCluster, error) {
	cluster := &v1alpha1.ChatCluster{}
	return cluster, p.get(ctx, p.name, cluster)
}

// change changes the spec.
func (p *platform) change(change func(*v1alpha1.ChatClusterSpec)) {
	p.t.Helper()
	cluster, err := p.read(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	before := client.MergeFrom(cluster.DeepCopy())
	change(&cluster.Spec)
	if err := k8s.Patch(p.t.Context(), cluster, before); err != nil {
		p.t.Fatalf("change the ChatCluster: %v", err)
	}
}

// settled waits until everything is as the spec says, and serves.
func (p *platform) settled() {
	p.t.Helper()
	p.eventually("the ChatCluster is available and up to date", func(ctx context.Context) error {
		cluster, err := p.read(ctx)
		if err != nil {
			return err
		}
		if cluster.Status.ObservedGeneration == cluster.Generation &&
			meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionAvailable) &&
			meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionProgressing) &&
			meta.IsStatusConditionFalse(cluster.Status.Conditions, v1alpha1.ConditionDegraded) {
			return nil
		}
		return fmt.Errorf("generation %d of %d: %s", cluster.Status.ObservedGeneration, cluster.Generation, shown(cluster.Status.Conditions))
	})
}

func shown(conditions []metav1.Condition) string {
	texts := make([]string, len(conditions))
	for i, c := range conditions {
		texts[i] = fmt.Sprintf("%s=%s (%s: %s)", c.Type, c.Status, c.Reason, c.Message)
	}
	return strings.Join(texts, " ")
}

// pods returns the platform's pods of a component.
func (p *platform) pods(component string) []corev1.Pod {
	p.t.Helper()
	var pods corev1.PodList
	if err := k8s.List(p.t.Context(), &pods, client.InNamespace(p.namespace.name), client.MatchingLabels{
		"app.kubernetes.io/instance": p.name, "app.kubernetes.io/component": component,
	}); err != nil {
		p.t.Fatalf("list pods of %s: %v", component, err)
	}
	if len(pods.Items) == 0 {
		p.t.Fatalf("no pods of %s", component)
	}
	return pods.Items
}

// deletePod deletes a pod as an eviction or a node's drain does, and doesn't wait for its end.
func (p *platform) deletePod(pod corev1.Pod) {
	p.t.Helper()
	p.t.Logf("delete pod %s", pod.Name)
	if err := k8s.Delete(p.t.Context(), &pod); err != nil {
		p.t.Fatalf("delete pod %s: %v", pod.Name, err)
	}
}

// whole waits until no pod goes any more, and every one can serve.
func (p *platform) whole() {
	p.t.Helper()
	p.eventually("all pods are there", func(ctx context.Context) error {
		var pods corev1.PodList
		if err := k8s.List(ctx, &pods, client.InNamespace(p.namespace.name), client.MatchingLabels{"app.kubernetes.io/instance": p.name}); err != nil {
			return err
		}
		for _, pod := range pods.Items {
			switch {
			case pod.DeletionTimestamp != nil:
				return fmt.Errorf("pod %s is still there", pod.Name)
			case pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed && !ready(pod): // those are of Jobs
				return fmt.Errorf("pod %s is not ready", pod.Name)
			}
		}
		return nil
	})
}

// gateway returns the address that GET /gateway tells.
func (p *platform) gateway() string {
	p.t.Helper()
	var answer struct {
		URL string `json:"url"`
	}
	p.eventually("GET /gateway answers", func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/api/v10/gateway", nil)
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s", response.Status)
		}
		return json.NewDecoder(response.Body).Decode(&answer)
	})
	return answer.URL
}

// opens waits until the gateway's address leads to a shard router: the rules of a node follow what is ready.
func (p *platform) opens() {
	p.t.Helper()
	address := p.gateway() + "/?v=10&encoding=json"
	p.eventually("the gateway opens a connection", func(ctx context.Context) error {
		connection, response, err := websocket.DefaultDialer.DialContext(ctx, address, nil)
		if response != nil {
			_ = response.Body.Close()
		}
		if err != nil {
			return err
		}
		return connection.Close()
	})
}
