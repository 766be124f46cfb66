package operator

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/test/apiserver"
)

// Where the kinds of others come from.
const (
	gatewayAPI         = "sigs.k8s.io/gateway-api@v1.2.1"
	httpRoutes         = "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"
	prometheusOperator = "github.com/prometheus-operator/prometheus-operator@v0.80.1"
	serviceMonitors    = "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml"
)

// installKind installs a CustomResourceDefinition of a Go module.
func installKind(t *testing.T, module, file string) {
	t.Helper()
	output, err := apiserver.Command(context.WithoutCancel(t.Context()), "go", "mod", "download", "-json", module)
	if err != nil {
		t.Fatal(err)
	}
	var downloaded struct{ Dir string }
	if err := json.Unmarshal([]byte(output), &downloaded); err != nil {
		t.Fatal(err)
	}
	if _, err := envtest.InstallCRDs(config, envtest.CRDInstallOptions{Paths: []string{filepath.Join(downloaded.Dir, file)}}); err != nil {
		t.Fatal(err)
	}
}

// poke starts another pass.
func (c *cluster) poke() {
	c.Helper()
	object := c.get()
	before := object.DeepCopy()
	object.Annotations = map[string]string{"test/poked": object.ResourceVersion}
	c.patch(object, before)
}

// foreign reads an object of a kind that there are no types for, nil if there is none.
func (c *cluster) foreign(apiVersion, kind string) *unstructured.Unstructured {
	c.Helper()
	object := &unstructured.Unstructured{}
	object.SetAPIVersion(apiVersion)
	object.SetKind(kind)
	err := k8s.Get(c.Context(), client.ObjectKey{Namespace: c.namespace, Name: "chat"}, object)
	if notFound(err) {
		return nil
	}
	if err != nil {
		c.Fatal(err)
	}
	return object
}

// waitForForeign waits until there is such an object, or none.
func (c *cluster) waitForForeign(apiVersion, kind string, there bool) (object *unstructured.Unstructured) {
	c.Helper()
	eventually(c.T, func() string {
		if object = c.foreign(apiVersion, kind); (object != nil) != there {
			return fmt.Sprintf("%s is there: %v", kind, object != nil)
		}
		return ""
	})
	return object
}

func TestIngressComesAndGoes(t *testing.T) {
	t.Parallel()
	c := create(t, func(c *v1alpha1.ChatCluster) {
		c.Spec.Ingress = &v1alpha1.IngressSpec{ClassName: "nginx"}
		c.Spec.TLS.SecretName = "chat-tls"
	})
	c.finish()
	var ingress networkingv1.Ingress
	c.read("chat", &ingress)
	if host := ingress.Spec.Rules[0].Host; host != "chat.example.com" || ingress.Spec.TLS[0].SecretName != "chat-tls" {
		t.Errorf("%+v", ingress.Spec)
	}
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Ingress = nil })
	c.waitForNames(&networkingv1.IngressList{})
	c.finish()
}

func TestAutoscalerTakesReplicasOverAndGivesThemBack(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	replicas := func() int32 {
		var deployment appsv1.Deployment
		c.read("chat-api", &deployment)
		return *deployment.Spec.Replicas
	}
	c.update(func(spec *v1alpha1.ChatClusterSpec) {
		spec.API.Replicas = nil
		spec.API.Autoscaling = &v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 8, TargetCPUPercent: 70}
	})
	c.waitForNames(&autoscalingv2.HorizontalPodAutoscalerList{}, "chat-api")
	c.finish()
	if n := replicas(); n != 2 {
		t.Errorf("%d replicas after the hand-over, 2 before", n)
	}

	scale := func(n int32) {
		t.Helper()
		patch := client.RawPatch(client.Merge.Type(), fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, n))
		deployment := &appsv1.Deployment{}
		deployment.Name, deployment.Namespace = "chat-api", c.namespace
		if err := k8s.SubResource("scale").Patch(t.Context(), deployment, patch, client.FieldOwner("autoscaler")); err != nil {
			t.Fatal(err)
		}
	}
	scale(5)
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Registration = v1alpha1.RegistrationClosed }) // another template
	c.finish()
	if n := replicas(); n != 5 {
		t.Errorf("%d replicas, but the autoscaler wants 5", n)
	}

	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.API.Replicas, spec.API.Autoscaling = ptr.To[int32](3), nil })
	c.waitForNames(&autoscalingv2.HorizontalPodAutoscalerList{})
	c.finish()
	if n := replicas(); n != 3 {
		t.Errorf("%d replicas of 3", n)
	}
}

func TestAutoscaledFromTheBeginning(t *testing.T) {
	t.Parallel()
	c := create(t, func(c *v1alpha1.ChatCluster) {
		c.Spec.API.Replicas = nil
		c.Spec.API.Autoscaling = &v1alpha1.AutoscalingSpec{MinReplicas: 3, MaxReplicas: 8, TargetCPUPercent: 70}
	})
	c.finish()
	var deployment appsv1.Deployment
	c.read("chat-api", &deployment)
	if n := *deployment.Spec.Replicas; n != 3 {
		t.Errorf("begins with %d replicas of at least 3", n)
	}
}

func TestNetworkPoliciesComeAndGo(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	c.waitForNames(&networkingv1.NetworkPolicyList{}, "chat-api", "chat-gateway", "chat-migrate", "chat-shard-router", "chat-worker")
	var policy networkingv1.NetworkPolicy
	c.read("chat-gateway", &policy)
	operator := false
	for _, rule := range policy.Spec.Ingress {
		for _, peer := range rule.From {
			operator = operator || peer.NamespaceSelector != nil && peer.NamespaceSelector.MatchLabels[corev1.LabelMetadataName] == "guildhall-system"
		}
	}
	if !operator {
		t.Error("the operator's namespace can't reach the gateway")
	}
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.NetworkPolicy.Disabled = true })
	c.waitForNames(&networkingv1.NetworkPolicyList{})
	c.finish()
}

func TestHTTPRouteNeedsItsKind(t *testing.T) {
	t.Parallel()
	const version, kind = "gateway.networking.k8s.io/v1", "HTTPRoute"
	c := create(t, func(c *v1alpha1.ChatCluster) {
		c.Spec.HTTPRoute = &v1alpha1.HTTPRouteSpec{ParentRefs: []v1alpha1.GatewayRef{{Name: "public", Namespace: "gateways"}}}
	})
	eventually(t, func() string {
		c.settle()
		if status := c.get().Status; status.WaitingFor != nil || len(status.Conditions) == 0 {
			return fmt.Sprintf("%+v", status)
		}
		return ""
	})
	c.waitFor(v1alpha1.ConditionDegraded, true, v1alpha1.ReasonKindMissing)
	c.waitForEvent(corev1.EventTypeWarning, v1alpha1.ReasonKindMissing)
	c.waitFor(v1alpha1.ConditionAvailable, true, v1alpha1.ReasonAllServing)

	installKind(t, gatewayAPI, httpRoutes)
	eventually(t, func() string {
		c.poke()
		if c.foreign(version, kind) == nil {
			return "no route"
		}
		return ""
	})
	c.waitFor(v1alpha1.ConditionDegraded, false, v1alpha1.ReasonAsExpected)
	route := c.waitForForeign(version, kind, true)
	if rules, _, err := unstructured.NestedSlice(route.Object, "spec", "rules"); err != nil || len(rules) != 2 {
		t.Errorf("rules %v, %v", rules, err)
	}
	if err := k8s.Delete(t.Context(), route); err != nil {
		t.Fatal(err)
	}
	c.waitForForeign(version, kind, true) // drift is put back
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.HTTPRoute = nil })
	c.waitForForeign(version, kind, false)
}

func TestServiceMonitorWhereTheClusterHasTheKind(t *testing.T) {
	t.Parallel()
	const version, kind = "monitoring.coreos.com/v1", "ServiceMonitor"
	installKind(t, prometheusOperator, serviceMonitors)
	c := create(t, func(c *v1alpha1.ChatCluster) {
		c.Spec.Monitoring.Labels = map[string]string{"release": "prometheus"}
	})
	c.finish()
	eventually(t, func() string {
		c.poke()
		if c.foreign(version, kind) == nil {
			return "no monitor"
		}
		return ""
	})
	if have := c.foreign(version, kind).GetLabels()["release"]; have != "prometheus" {
		t.Errorf("label %q", have)
	}
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Monitoring.Disabled = true })
	c.waitForForeign(version, kind, false)
	c.waitForNames(&corev1.ServiceList{}, "chat-api", "chat-gateway", "chat-shard-router")
}
