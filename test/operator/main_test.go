// Package operator tests the operator on a real etcd and kube-apiserver: it is installed from config/default, runs with
// the rights that its service account has there, and reconciles ChatClusters. No controllers of Kubernetes and no kubelet
// run, so the tests set the status of Jobs, StatefulSets and Deployments as those would.
package operator

import (
	"context"
	"errors"
	"log"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"guildhall.chat/guildhall/hack/kubernetes/programs"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/test/apiserver"
)

const (
	root = "../.."

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
	if _, err := apiserver.Command(ctx, "go", "build", "-o", dir.Path+"/", root+"/operator", root+"/api", root+"/gateway", root+"/shard-router"); err != nil {
		return 0, err
	}

	// envtest's own range has room for the Services of some hundred ChatClusters.
	server, err := apiserver.Start(assets, map[string]string{"service-cluster-ip-range": "10.0.0.0/16"})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	config, k8s = server.Config, server.Client
	manifests, err := apiserver.Manifests(ctx, root)
	if err != nil {
		return 0, err
	}
	if err := server.Install(ctx, root, manifests); err != nil {
		return 0, err
	}
	operator, err := server.Operate(ctx, filepath.Join(dir.Path, "operator"), dir.Path)
	if err != nil {
		return 0, err
	}
	adminAddr = operator.Addr
	code = m.Run()
	operatorLog, err := operator.Stop()
	if code != 0 || err != nil {
		log.Printf("the operator's log:\n%s", operatorLog)
	}
	return code, err
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
