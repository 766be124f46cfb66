// Command apiserver is etcd and kube-apiserver in one binary, for tests that need a real API server and no cluster: it
// builds faster than all of Kubernetes (package kubernetes beside it). The name it is called by says which one it is;
// hack/kubernetes/programs builds it and makes the links.
//
// It is in a module of its own, so that Guildhall does not depend on all of Kubernetes.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(app.NewAPIServerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "%s: call it by the name etcd or kube-apiserver\n", name)
		os.Exit(2)
	}
}
