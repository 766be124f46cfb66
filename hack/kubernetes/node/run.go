//go:build linux

package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"guildhall.chat/guildhall/hack/local/supervise"
)

// patience bounds the wait for what a new cluster still lacks once its programs run.
const patience = "180s"

// Run starts the cluster's programs, in the namespaces that Init has made, and works until ctx ends. What it says on the
// pipe, its descriptor 3, ends with ready.
func Run(ctx context.Context, dir string) error {
	c, err := Open(dir)
	if err != nil {
		return err
	}
	pipe := os.NewFile(3, "progress")
	say := func(text string) { _, _ = fmt.Fprintln(pipe, text) }
	supervisor := supervise.New(supervise.Config{Terminal: os.Stderr, LogDir: c.path("log"), Timing: supervise.DefaultTiming})
	defer supervisor.Stop()
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return err
	}
	if err := c.start(ctx, supervisor, config, say); err != nil {
		say(err.Error())
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return runVolumes(ctx, client, c.path("volumes")) })
	group.Go(func() error {
		if err := c.complete(ctx, say); err != nil {
			say(err.Error())
			return err
		}
		say(ready)
		return pipe.Close()
	})
	return group.Wait()
}

// start starts the programs in the order in which they depend on each other.
func (c Cluster) start(ctx context.Context, supervisor *supervise.Supervisor, config *rest.Config, say func(string)) error {
	api, err := rest.HTTPClientFor(config)
	if err != nil {
		return err
	}
	if err := supervisor.Start(ctx, c.containerd(), c.etcd()); err != nil {
		return err
	}
	say("containerd and etcd run")
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := c.importImages(ctx); err != nil {
			return err
		}
		say("images are there")
		return nil
	})
	group.Go(func() error {
		if err := supervisor.Start(ctx, c.apiserver(api, config.Host)); err != nil {
			return err
		}
		say("kube-apiserver is ready")
		return supervisor.Start(ctx, c.component("kube-controller-manager", nil,
			"--kubeconfig="+c.path("pki", "kube-controller-manager.kubeconfig"),
			"--bind-address=127.0.0.1", "--leader-elect=false", "--use-service-account-credentials",
			"--service-account-private-key-file="+c.path("pki", "service-account.key"),
			"--root-ca-file="+c.path("pki", "ca.crt"),
			"--cluster-signing-cert-file="+c.path("pki", "ca.crt"), "--cluster-signing-key-file="+c.path("pki", "ca.key"),
		), c.component("kube-scheduler", nil,
			"--kubeconfig="+c.path("pki", "kube-scheduler.kubeconfig"), "--bind-address=127.0.0.1", "--leader-elect=false",
		), c.component("kubelet", nil,
			"--config="+c.path("config", "kubelet.yaml"), "--kubeconfig="+c.path("pki", "kubelet.kubeconfig"),
			"--hostname-override="+nodeName, "--node-ip="+nodeAddress,
			"--root-dir="+c.path("kubelet"), "--cert-dir="+c.path("kubelet", "pki"),
		), c.component("kube-proxy", nil, "--config="+c.path("config", "kube-proxy.yaml")))
	})
	return group.Wait()
}

func (c Cluster) containerd() supervise.Child {
	return supervise.Child{
		Name:    "containerd",
		Quiet:   true,
		Command: func() *exec.Cmd { return exec.Command("containerd", "--config", c.path("config", "containerd.toml")) },
		Ready:   func(ctx context.Context) error { return c.ctr(ctx, "version") },
	}
}

func (c Cluster) etcd() supervise.Child {
	const client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return c.component("etcd", httpReady(http.DefaultClient, client+"/health"),
		"--name="+nodeName, "--data-dir="+c.path("etcd"), "--log-level=warn",
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster="+nodeName+"="+peer,
		"--unsafe-no-fsync", // a cluster that dies with its machine has nothing to keep
	)
}

func (c Cluster) apiserver(client *http.Client, url string) supervise.Child {
	return c.component("kube-apiserver", httpReady(client, url+"/readyz"),
		"--etcd-servers=http://127.0.0.1:2379",
		"--advertise-address="+nodeAddress, fmt.Sprintf("--secure-port=%d", apiPort), "--cert-dir="+c.path("pki"),
		"--tls-cert-file="+c.path("pki", "kube-apiserver.crt"), "--tls-private-key-file="+c.path("pki", "kube-apiserver.key"),
		"--client-ca-file="+c.path("pki", "ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc."+clusterDomain,
		"--service-account-key-file="+c.path("pki", "service-account.key"),
		"--service-account-signing-key-file="+c.path("pki", "service-account.key"),
		"--service-cluster-ip-range="+serviceNet,
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged",
		"--kubelet-client-certificate="+c.path("pki", "kubelet-client.crt"), "--kubelet-client-key="+c.path("pki", "kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
	)
}

// component is one of Kubernetes' programs; without check it counts as ready at once.
func (c Cluster) component(name string, check func(context.Context) error, args ...string) supervise.Child {
	if check == nil {
		check = func(context.Context) error { return nil }
	}
	return supervise.Child{
		Name:    name,
		Quiet:   true,
		Command: func() *exec.Cmd { return exec.Command(c.program(name), args...) },
		Ready:   check,
	}
}

func httpReady(client *http.Client, url string) func(context.Context) error {
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
		return nil
	}
}

func (c Cluster) importImages(ctx context.Context) error {
	for _, archive := range c.Archives {
		if err := c.ctr(ctx, "images", "import", archive); err != nil {
			return fmt.Errorf("import %s: %w", filepath.Base(archive), err)
		}
	}
	return nil
}

// ctr runs containerd's own client, in the namespace of the kubelet's images and containers.
func (c Cluster) ctr(ctx context.Context, args ...string) error {
	return run(ctx, "ctr", append([]string{"--address", c.containerdSocket(), "--namespace", "k8s.io"}, args...)...)
}

func (c Cluster) kubectl(ctx context.Context, args ...string) error {
	return run(ctx, c.program("kubectl"), append([]string{"--kubeconfig", c.Kubeconfig()}, args...)...)
}

func run(ctx context.Context, name string, args ...string) error {
	output, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, output)
	}
	return nil
}

// complete makes a cluster of the running programs: it waits for the node and adds DNS and a storage class.
func (c Cluster) complete(ctx context.Context, say func(string)) error {
	for {
		err := c.kubectl(ctx, "get", "node", nodeName)
		if err == nil {
			break
		}
		if err := pause(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(
		c.kubectl(ctx, "apply", "--filename", c.path("manifests")),
		c.kubectl(ctx, "wait", "--for=condition=Ready", "node/"+nodeName, "--timeout="+patience),
	); err != nil {
		return err
	}
	say("the node is ready")
	start := time.Now()
	if err := c.kubectl(ctx, "--namespace=kube-system", "rollout", "status", "deployment/coredns", "--timeout="+patience); err != nil {
		return err
	}
	say(fmt.Sprintf("DNS answers, %.1f s after the node was ready", time.Since(start).Seconds()))
	return nil
}
