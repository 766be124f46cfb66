// Package e2e_test tests Guildhall on a real Kubernetes: the operator makes platforms of pods, volumes and Services, clients
// use them, and the tests break them. make e2e runs it, on a cluster that hack/kubernetes makes for it; with KUBECONFIG set,
// on yours, which must have the images that hack/kubernetes makes. It has to run where the cluster's Services can be
// reached.
//
// Each test has a namespace of its own, removed at its end. What the pods of a failed test have said, and what happened to
// them, is kept in the directory E2E_REPORTS.
package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// onCluster keeps go test ./... from touching whatever cluster KUBECONFIG happens to name.
var onCluster = flag.Bool("cluster", false, "run the tests, on the cluster that kubectl uses")

// k8s is an administrator's client of the cluster.
var k8s client.Client

func TestMain(m *testing.M) {
	flag.Parse()
	if !*onCluster {
		fmt.Println("not asked for: see make e2e")
		return
	}
	if err := connect(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func connect() error {
	ctrl.SetLogger(logr.Discard())
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 50, 100 // tests poll
	types := runtime.NewScheme()
	if err := errors.Join(scheme.AddToScheme(types), v1alpha1.AddToScheme(types)); err != nil {
		return err
	}
	k8s, err = client.New(config, client.Options{Scheme: types})
	return err
}
