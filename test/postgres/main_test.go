// Package postgres tests the operator's managed Postgres on real PostgreSQL, Patroni and pgBackRest, which agree with each
// other through a real kube-apiserver: the operator makes a ChatCluster's objects, and the containers of the pods run on this
// machine as they would on a node, by their own commands, users, volumes and rights (node_test.go, container_test.go). All of
// it is in a network namespace of its own, in which pods have addresses. It takes root, and is skipped without.
package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
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

	// built names the directory of what the tests run, for the process within the network namespace.
	built = "GUILDHALL_TEST_BUILT"
	// buildTimeout bounds a build of kube-apiserver with empty caches on a busy machine of 2 cores.
	buildTimeout = 30 * time.Minute
	poll         = 50 * time.Millisecond
)

// What all tests share.
var (
	config *rest.Config // of an administrator
	k8s    client.Client
)

func TestMain(m *testing.M) {
	ctrllog.SetLogger(logr.Discard())
	var code int
	var err error
	switch {
	case os.Geteuid() != 0:
		code = m.Run() // every test is skipped
	case os.Getenv(built) == "":
		code, err = enter()
	default:
		code, err = run(m, os.Getenv(built))
	}
	if err != nil {
		log.Print(err)
		code = 1
	}
	os.Exit(code)
}

// enter builds what the tests run, while there is a network to download from, and runs this program again in a network
// namespace of its own, in which every address of 198.18.0.0/15, a block for tests (RFC 2544), is this machine's.
func enter() (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	dir, err := scratch.New("postgres")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	assets, err := programs.Envtest(ctx, os.Stderr)
	if err != nil {
		return 0, err
	}
	if err := os.Symlink(assets, filepath.Join(dir.Path, "assets")); err != nil {
		return 0, err
	}
	if _, err := command(ctx, "go", "build", "-o", dir.Path+"/", root+"/operator"); err != nil {
		return 0, err
	}
	manifests, err := command(ctx, "go", "run", kustomize, "build", filepath.Join(root, "config/default"))
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(dir.Path, "manifests.yaml"), []byte(manifests), 0o600); err != nil {
		return 0, err
	}

	args := append([]string{"-euc", `ip link set lo up; ip route add local 198.18.0.0/15 dev lo; exec "$@"`, "sh"}, os.Args...)
	cmd := exec.Command("/bin/sh", args...)
	cmd.Env = append(os.Environ(), built+"="+dir.Path)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	process.Bind(cmd, syscall.SIGKILL)
	cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWNET
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	} else if err != nil {
		return 0, fmt.Errorf("enter a network namespace: %w", err)
	}
	return 0, nil
}

func run(m *testing.M, dir string) (code int, err error) {
	ctx := context.Background()
	assets, err := filepath.EvalSymlinks(filepath.Join(dir, "assets"))
	if err != nil {
		return 0, err
	}
	environment := &envtest.Environment{BinaryAssetsDirectory: assets}
	// There is no default route to find one by.
	environment.ControlPlane.GetAPIServer().Configure().Set("advertise-address", "198.18.255.1")
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
	if err := install(ctx, filepath.Join(dir, "manifests.yaml")); err != nil {
		return 0, err
	}
	stop, err := startOperator(ctx, dir)
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
func install(ctx context.Context, path string) error {
	manifests, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = manifests.Close() }()
	decoder := yaml.NewYAMLOrJSONDecoder(manifests, 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); err != nil {
			break
		}
		if err := k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(&object), client.FieldOwner("test")); err != nil {
			return fmt.Errorf("install %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	_, err = envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config/crd/bases")}})
	return err // nil when the CRD serves
}

// startOperator runs the operator with the rights of its service account.
func startOperator(ctx context.Context, dir string) (stop func() (string, error), err error) {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "guildhall-operator", Namespace: "guildhall-system"}}
	request := &authenticationv1.TokenRequest{}
	if err := k8s.SubResource("token").Create(ctx, account, request); err != nil {
		return nil, fmt.Errorf("token of the operator's service account: %w", err)
	}
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"operator": {Token: request.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "operator"}},
		CurrentContext: "test",
	}, kubeconfig); err != nil {
		return nil, err
	}
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	var output bytes.Buffer
	cmd := exec.Command(filepath.Join(dir, "operator"), "--admin-addr", ports.Addr(port), "--namespace", "guildhall-system", "--progress-deadline", "10m")
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

func notFound(err error) bool { return apierrors.IsNotFound(err) }

func alreadyExists(err error) bool { return apierrors.IsAlreadyExists(err) }
