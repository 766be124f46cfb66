package e2e_test

import (
	"context"
	"fmt"
	"os/exec"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const operatorNamespace = "guildhall-system"

// operatorPods selects the operator's.
var operatorPods = []client.ListOption{
	client.InNamespace(operatorNamespace), client.MatchingLabels{"app.kubernetes.io/name": "guildhall-operator"},
}

var installOperator = sync.OnceValue(func() error {
	for _, command := range []string{
		"kubectl apply --server-side --force-conflicts --kustomize testdata/operator",
		"kubectl wait --for=condition=Established --timeout=60s crd/chatclusters.guildhall.chat",
		"kubectl --namespace " + operatorNamespace + " rollout status deployment/guildhall-operator --timeout=180s",
	} {
		if output, err := exec.Command("sh", "-c", command).CombinedOutput(); err != nil { // bounded by kubectl itself
			return fmt.Errorf("%s: %w: %s", command, err, output)
		}
	}
	return nil
})

// needOperator installs the operator unless a test before has.
func needOperator(t *testing.T) {
	t.Helper()
	if err := installOperator(); err != nil {
		t.Fatal(err)
	}
}

// killOperator deletes all of the operator's pods without any grace: whatever they are in the middle of, others go on with.
func killOperator(ctx context.Context, t *testing.T) {
	t.Helper()
	var pods corev1.PodList
	if err := k8s.List(ctx, &pods, operatorPods...); err != nil {
		t.Fatalf("list the operator's pods: %v", err)
	}
	for i := range pods.Items {
		if err := k8s.Delete(ctx, &pods.Items[i], client.GracePeriodSeconds(0)); client.IgnoreNotFound(err) != nil {
			t.Fatalf("delete the operator's pod: %v", err)
		}
	}
	t.Logf("deleted %d pods of the operator", len(pods.Items))
}
