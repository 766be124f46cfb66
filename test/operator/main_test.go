// Package operator tests the operator on a real etcd and kube-apiserver: it is installed from config/default, runs with
// the rights that its service account has there, and reconciles ChatClusters. No controllers of Kubernetes and no kubelet
// run, so the tests set the status of Jobs, StatefulSets and Deployments as those would.
package operator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/kubernetes/programs"
	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
)

const (
	root      = "../.."
	kustomize = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1" // what kubectl apply -k does

	// buildTimeout bounds a build of kube-apiserver with empty caches on a busy machine of 2 cores.
	buildTimeout = 30 * time.Minute
	// patience bounds each wait for the operator. Past it, something hangs.
	patience = time.Minute
	poll     = 20 * time.Millisecond
)

// What all tests share.
var (
	config    *rest.Config // of an administrator
	k8s       client.Client
	adminAddr string // the operator's
	binaries  string // directory with the binaries of the image
)

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	assets, err := programs.Envtest(ctx, os.Stderr)
	if err != nil {
		return 0, err
	}
	dir, err := scratch.New("operator")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	binaries = dir.Path
	if _, err := command(ctx, "go", "build", "-o", dir.Path+"/", root+"/operator", root+"/api", root+"/gateway", root+"/shard-router"); err != nil {
		return 0, err
	}

	environment := &envtest.Environment{BinaryAssetsDirectory: assets}
	// envtest's own range has room for the Services of some hundred ChatClusters.
	environment.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	if config, err = environment.Start(); err != nil {
		return 0, fmt.Errorf("start kube-apiserver: %w", err)
	}
	defer func() { err = errors.Join(err, environment.Stop()) }()
	types := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(types), v1alpha1.AddToScheme(types)); err != nil {
		return 0, err
	}
	if k8s, err = client.New(config, client.Options{Scheme: types}); err != nil {
		return 0, err
	}
	if err := install(ctx); err != nil {
		return 0, err
	}
	stop, err := startOperator(ctx, dir.Path)
	if err != nil {
		return 0, err
	}
	code = m.Run()
	operatorLog, err := stop()
	if code != 0 || err != nil {
		log.Printf("the operator's log:\n%s", operatorLog)
	}
	return code, err
}

// command runs a program of the developer's tooling, and returns what it prints.
func command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w", name, args, err)
	}
	return string(output), nil
}

// install applies config/default.
func install(ctx context.Context) error {
	manifests, err := command(ctx, "go", "run", kustomize, "build", filepath.Join(root, "config/default"))
	if err != nil {
		return err
	}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	installed := 0
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); err != nil {
			break
		}
		if err := k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(&object), client.FieldOwner("test")); err != nil {
			return fmt.Errorf("install %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		installed++
	}
	if installed < 8 {
		return fmt.Errorf("config/default holds %d objects only", installed)
	}
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config/crd/bases")}})
	return err // nil when the CRD serves
}

// startOperator runs the operator as its service account. Its log is returned by stop.
func startOperator(ctx context.Context, dir string) (stop func() (string, error), err error) {
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := writeKubeconfig(ctx, kubeconfig); err != nil {
		return nil, err
	}
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	adminAddr = ports.Addr(port)
	var output bytes.Buffer
	cmd := exec.Command(filepath.Join(dir, "operator"), "--admin-addr", adminAddr, "--namespace", "guildhall-system", "--progress-deadline", "10m")
	cmd.Env = []string{"KUBECONFIG=" + kubeconfig}
	cmd.Stderr = &output
	process.Bind(cmd, syscall.SIGKILL)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() (string, error) {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return output.String(), err
		}
		err := cmd.Wait()
		return output.String(), err
	}, nil
}

func writeKubeconfig(ctx context.Context, path string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "guildhall-operator", Namespace: "guildhall-system"}}
	request := &authenticationv1.TokenRequest{}
	if err := k8s.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("token of the operator's service account: %w", err)
	}
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"operator": {Token: request.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "operator"}},
		CurrentContext: "test",
	}, path)
}

// eventually waits until check returns "", and fails the test with what it last returned.
func eventually(t *testing.T, check func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(problem)
		}
		time.Sleep(poll)
	}
}

func notFound(err error) bool { return apierrors.IsNotFound(err) }
