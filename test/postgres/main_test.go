// Package postgres tests the operator's managed Postgres on real PostgreSQL, Patroni and pgBackRest, which agree with each
// other through a real kube-apiserver: the operator makes a ChatCluster's objects, and the containers of the pods run on this
// machine as they would on a node, by their own commands, users, volumes and rights (node_test.go, container_test.go). All of
// it is in a network namespace of its own, in which pods have addresses. It takes root, and is skipped without.
package postgres

import (
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
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"guildhall.chat/guildhall/hack/kubernetes/programs"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/test/apiserver"
)

const (
	root = "../.."

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
	if _, err := apiserver.Command(ctx, "go", "build", "-o", dir.Path+"/", root+"/operator"); err != nil {
		return 0, err
	}
	manifests, err := apiserver.Manifests(ctx, root)
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
	// There is no default route to find one by.
	server, err := apiserver.Start(assets, map[string]string{"advertise-address": "198.18.255.1"})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	config, k8s = server.Config, server.Client
	manifests, err := os.ReadFile(filepath.Join(dir, "manifests.yaml"))
	if err != nil {
		return 0, err
	}
	if err := server.Install(ctx, root, string(manifests)); err != nil {
		return 0, err
	}
	operator, err := server.Operate(ctx, filepath.Join(dir, "operator"), dir)
	if err != nil {
		return 0, err
	}
	code = m.Run()
	operatorLog, err := operator.Stop()
	if code != 0 || err != nil {
		log.Printf("the operator's log:\n%s", operatorLog)
	}
	return code, err
}

func notFound(err error) bool { return apierrors.IsNotFound(err) }

func alreadyExists(err error) bool { return apierrors.IsAlreadyExists(err) }
