package operator

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
)

// wire leads to the API server, and can be cut.
type wire struct {
	addr, to string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
}

func (w *wire) mend(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", w.addr)
	if err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	w.addr, w.listener = listener.Addr().String(), listener
	w.mu.Unlock()
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", w.to)
			if err != nil {
				_ = from.Close()
				continue
			}
			w.mu.Lock()
			w.conns = append(w.conns, from, to)
			w.mu.Unlock()
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
			go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
		}
	}()
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = w.listener.Close()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}

// routerToken returns one of the shard router's service account.
func (c *cluster) routerToken() string {
	c.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "chat-shard-router", Namespace: c.namespace}}
	request := &authenticationv1.TokenRequest{}
	if err := k8s.SubResource("token").Create(c.Context(), account, request); err != nil {
		c.Fatal(err)
	}
	return request.Status.Token
}

// startRouter runs the shard router as in the cluster, over the wire, and returns the address of its admin port.
func (c *cluster) startRouter(w *wire) (admin string) {
	c.Helper()
	dir := c.TempDir()
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: "https://" + w.addr, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"router": {Token: c.routerToken()}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "router"}},
		CurrentContext: "test",
	}, kubeconfig); err != nil {
		c.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "signing-keys"), []byte(strings.Repeat("QUJD", 11)), 0o600); err != nil {
		c.Fatal(err)
	}
	port, err := ports.Free()
	if err != nil {
		c.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(binaries, "shard-router"), "--secrets", dir, "--listen", "127.0.0.1:0", "--admin-addr", ports.Addr(port),
		"--gateway-service", c.namespace+"/chat-gateway", "--shard-map", c.namespace+"/chat-shard-map", "--drain-period", "1ms")
	cmd.Env = []string{"KUBECONFIG=" + kubeconfig}
	var output bytes.Buffer
	cmd.Stderr = &output
	process.Bind(cmd, syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil || c.Failed() {
			c.Errorf("the shard router's end: %v; its log:\n%s", err, output.String())
		}
	})
	return ports.Addr(port)
}

// routerState is what the router's metrics say: generation of the map, pods, those that take new sessions; and whether it is
// ready.
func routerState(admin string) string {
	response, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error()
	}
	value := func(name string) (text string) {
		for line := range strings.Lines(string(content)) {
			if rest, ok := strings.CutPrefix(line, "guildhall_router_"+name+" "); ok {
				text = strings.TrimSpace(rest)
			}
		}
		return text
	}
	ready, err := http.Get("http://" + admin + "/readyz")
	if err != nil {
		return err.Error()
	}
	_ = ready.Body.Close()
	return fmt.Sprintf("map %s, %s pods, %s open, %d", value("shard_map_generation"), value("gateway_pods"), value("open_gateway_pods"), ready.StatusCode)
}

func waitForRouter(t *testing.T, admin, want string) {
	t.Helper()
	eventually(t, func() string {
		if have := routerState(admin); have != want {
			return fmt.Sprintf("%s; want %s", have, want)
		}
		return ""
	})
}

func gatewayEndpoint(pod, addr string, serving, terminating bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{
		Addresses:  []string{addr},
		TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: pod},
		Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true), Serving: &serving, Terminating: &terminating},
	}
}

func TestShardRouterFollowsKubernetes(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	generation := func() string {
		var shardMap corev1.ConfigMap
		c.read("chat-shard-map", &shardMap)
		return shardMap.Data["generation"]
	}
	w := &wire{addr: "127.0.0.1:0", to: strings.Trim(strings.TrimPrefix(config.Host, "https:"), "/")}
	w.mend(t)
	t.Cleanup(w.cut)
	admin := c.startRouter(w)
	first := generation()
	waitForRouter(t, admin, "map "+first+", 0 pods, 0 open, 200")

	slice := &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Name: "chat-gateway-1", Namespace: c.namespace, Labels: map[string]string{discoveryv1.LabelServiceName: "chat-gateway"}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: ptr.To("clients"), Port: ptr.To[int32](8080), Protocol: ptr.To(corev1.ProtocolTCP)}},
		Endpoints: []discoveryv1.Endpoint{
			gatewayEndpoint("chat-gateway-0-0", "10.0.0.1", true, false),
			gatewayEndpoint("chat-gateway-1-0", "10.0.0.2", true, false),
			gatewayEndpoint("chat-gateway-1-1", "10.0.0.3", true, true),
			gatewayEndpoint("chat-gateway-3-0", "10.0.0.4", true, false), // of a shard that is yet to be
		},
	}
	if err := k8s.Create(t.Context(), slice); err != nil {
		t.Fatal(err)
	}
	waitForRouter(t, admin, "map "+first+", 4 pods, 2 open, 200")

	// A new map is followed without a restart.
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 4 })
	eventually(t, func() string {
		c.settle()
		if generation() == first {
			return "no new map"
		}
		return ""
	})
	second := generation()
	waitForRouter(t, admin, "map "+second+", 4 pods, 3 open, 200")

	// Without the API server the last state goes on being good.
	w.cut()
	slice.Endpoints = slice.Endpoints[:2]
	if err := k8s.Update(t.Context(), slice); err != nil {
		t.Fatal(err)
	}
	if have, want := routerState(admin), "map "+second+", 4 pods, 3 open, 200"; have != want {
		t.Errorf("cut off: %s; want %s", have, want)
	}
	w.mend(t)
	waitForRouter(t, admin, "map "+second+", 2 pods, 2 open, 200")
}

// The shard router's token is good for what it watches, and for nothing else.
func TestShardRouterMayDoNoMoreThanItNeeds(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	access := rest.AnonymousClientConfig(config)
	access.BearerToken = c.routerToken()
	router, err := client.New(access, client.Options{Scheme: k8s.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	here := client.InNamespace(c.namespace)
	named := client.MatchingFields{metav1.ObjectNameField: "chat-shard-map"}
	for name, err := range map[string]error{
		"EndpointSlices": router.List(t.Context(), &discoveryv1.EndpointSliceList{}, here),
		"the shard map":  router.List(t.Context(), &corev1.ConfigMapList{}, here, named),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"all ConfigMaps":                  router.List(t.Context(), &corev1.ConfigMapList{}, here),
		"another ConfigMap":               router.Get(t.Context(), client.ObjectKey{Namespace: c.namespace, Name: "kube-root-ca.crt"}, &corev1.ConfigMap{}),
		"Secrets":                         router.List(t.Context(), &corev1.SecretList{}, here),
		"pods":                            router.List(t.Context(), &corev1.PodList{}, here),
		"EndpointSlices elsewhere":        router.List(t.Context(), &discoveryv1.EndpointSliceList{}, client.InNamespace("default")),
		"a change of the shard map":       router.Patch(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "chat-shard-map", Namespace: c.namespace}}, client.RawPatch(client.Merge.Type(), []byte(`{"data":{"shards":"9"}}`))),
		"ChatClusters, which it is about": router.List(t.Context(), &v1alpha1.ChatClusterList{}, here),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
