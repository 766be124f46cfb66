// Package apiserver runs a real etcd and kube-apiserver for a test binary, with the operator as a process beside them: it is
// installed from config/default and has the rights of its service account there, and no others. No controllers of Kubernetes and
// no kubelet run; what they would write, tests write.
package apiserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
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

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
)

// kustomize does what kubectl apply -k does.
const kustomize = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"

// operatorNamespace is where config/default puts the operator.
const operatorNamespace = "guildhall-system"

// Server is a running kube-apiserver.
type Server struct {
	Config *rest.Config  // of an administrator
	Client client.Client // knows Kubernetes' own kinds and ours

	environment *envtest.Environment
}

// Start starts the programs in assets, as programs.Envtest made them; flags are more flags of kube-apiserver.
func Start(assets string, flags map[string]string) (*Server, error) {
	s := &Server{environment: &envtest.Environment{BinaryAssetsDirectory: assets}}
	for flag, value := range flags {
		s.environment.ControlPlane.GetAPIServer().Configure().Set(flag, value)
	}
	var err error
	if s.Config, err = s.environment.Start(); err != nil {
		return nil, fmt.Errorf("start kube-apiserver: %w", errors.Join(err, s.environment.Stop()))
	}
	types := runtime.NewScheme()
	err = errors.Join(scheme.AddToScheme(types), v1alpha1.AddToScheme(types))
	if err == nil {
		s.Client, err = client.New(s.Config, client.Options{Scheme: types})
	}
	if err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop stops it. What it has kept is gone.
func (s *Server) Stop() error { return s.environment.Stop() }

// Manifests returns what installs the operator from the repository at root.
func Manifests(ctx context.Context, root string) (string, error) {
	return Command(ctx, "go", "run", kustomize, "build", filepath.Join(root, "config/default"))
}

// Command runs a program of the developer's tooling, and returns what it prints.
func Command(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w", name, args, err)
	}
	return string(output), nil
}

// Install applies the manifests of the operator in the repository at root, and waits until ChatClusters are served.
func (s *Server) Install(ctx context.Context, root, manifests string) error {
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifests), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("read the manifests: %w", err)
		}
		if err := s.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(&object), client.FieldOwner("test")); err != nil {
			return fmt.Errorf("install %s %s: %w", object.GetKind(), object.GetName(), err)
		}
	}
	_, err := envtest.InstallCRDs(s.Config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(root, "config/crd/bases")}})
	return err // nil when the CRD serves
}

// Operator is a running operator.
type Operator struct {
	Addr string // of its admin port

	cmd    *exec.Cmd
	output bytes.Buffer
}

// Operate runs an operator's binary as its service account; dir is a directory for what it needs.
func (s *Server) Operate(ctx context.Context, binary, dir string) (*Operator, error) {
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := s.writeKubeconfig(ctx, kubeconfig); err != nil {
		return nil, err
	}
	port, err := ports.Free()
	if err != nil {
		return nil, err
	}
	o := &Operator{Addr: ports.Addr(port)}
	o.cmd = exec.Command(binary, "--admin-addr", o.Addr, "--namespace", operatorNamespace, "--progress-deadline", "10m")
	o.cmd.Env = []string{"KUBECONFIG=" + kubeconfig}
	o.cmd.Stderr = &o.output
	process.Bind(o.cmd, syscall.SIGKILL)
	return o, o.cmd.Start()
}

// Stop ends the operator and returns its log. One that ends otherwise than it should is an error.
func (o *Operator) Stop() (log string, err error) {
	err = errors.Join(o.cmd.Process.Signal(syscall.SIGTERM), o.cmd.Wait())
	return o.output.String(), err
}

func (s *Server) writeKubeconfig(ctx context.Context, path string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "guildhall-operator", Namespace: operatorNamespace}}
	request := &authenticationv1.TokenRequest{}
	if err := s.Client.SubResource("token").Create(ctx, account, request); err != nil {
		return fmt.Errorf("token of the operator's service account: %w", err)
	}
	return clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"test": {Server: s.Config.Host, CertificateAuthorityData: s.Config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"operator": {Token: request.Status.Token}},
		Contexts:       map[string]*clientcmdapi.Context{"test": {Cluster: "test", AuthInfo: "operator"}},
		CurrentContext: "test",
	}, path)
}
