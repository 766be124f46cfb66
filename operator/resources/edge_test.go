package resources

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// edgePlatform has all that leads to a platform.
func edgePlatform() Platform {
	p := platform()
	p.OperatorNamespace = "guildhall-system"
	p.Cluster.Spec.TLS.SecretName = "chat-tls"
	p.Cluster.Spec.Ingress = &v1alpha1.IngressSpec{ClassName: "nginx", Annotations: map[string]string{
		"cert-manager.io/cluster-issuer":              "letsencrypt",
		"nginx.ingress.kubernetes.io/proxy-body-size": "10m",
	}}
	p.Cluster.Spec.HTTPRoute = &v1alpha1.HTTPRouteSpec{ParentRefs: []v1alpha1.GatewayRef{
		{Name: "public", Namespace: "gateways", SectionName: "https"}, {Name: "local"},
	}}
	p.Cluster.Spec.API.Replicas = nil
	p.Cluster.Spec.API.Autoscaling = &v1alpha1.AutoscalingSpec{MinReplicas: 2, MaxReplicas: 10, TargetCPUPercent: 70}
	p.Cluster.Spec.Monitoring.Labels = map[string]string{"release": "prometheus", LabelManagedBy: "somebody"}
	p.Cluster.Spec.NetworkPolicy.ClientNamespaces = []string{"ingress"}
	p.Cluster.Spec.NetworkPolicy.MonitoringNamespaces = []string{"monitoring"}
	return p
}

func TestEdgeGolden(t *testing.T) {
	t.Parallel()
	p := edgePlatform()
	compare(t, "role", p.Roles()...)
	compare(t, "rolebinding", p.RoleBindings()...)
	compare(t, "horizontalpodautoscaler", p.APIAutoscaler())
	compare(t, "ingress", p.Ingress())
	compare(t, "httproute", p.HTTPRoute())
	compare(t, "metricsservice", p.MetricsService())
	compare(t, "servicemonitor", p.ServiceMonitor())
	compare(t, "networkpolicy", p.NetworkPolicies()...)
}

func TestNothingIsMadeThatIsNotWanted(t *testing.T) {
	t.Parallel()
	p := platform()
	p.Cluster.Spec.Monitoring.Disabled = true
	p.Cluster.Spec.NetworkPolicy.Disabled = true
	if p.APIAutoscaler() != nil || p.Ingress() != nil || p.HTTPRoute() != nil || p.MetricsService() != nil || p.ServiceMonitor() != nil || p.NetworkPolicies() != nil {
		t.Error("something is made")
	}
}

func TestAutoscaledDeploymentLeavesReplicasAlone(t *testing.T) {
	t.Parallel()
	p := edgePlatform()
	if replicas := p.APIDeployment().Spec.Replicas; replicas != nil {
		t.Errorf("%d replicas", *replicas)
	}
}

func TestDomainOfAnIngress(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"chat.example.com": "chat.example.com", "chat.example.com:8443": "chat.example.com",
		"10.0.0.1": "", "10.0.0.1:8080": "", "[fd00::1]:8080": "", "[fd00::1]": "",
	} {
		p := edgePlatform()
		p.Cluster.Spec.Domain = domain
		rule := p.Ingress().Spec.Rules[0]
		if have := ptr.Deref(rule.Host, ""); have != want {
			t.Errorf("%s: host %q", domain, have)
		}
		if hosts := p.Ingress().Spec.TLS[0].Hosts; want != "" && !slices.Equal(hosts, []string{want}) || want == "" && len(hosts) > 0 {
			t.Errorf("%s: TLS for %v", domain, hosts)
		}
		if _, there := p.HTTPRoute().Object["spec"].(map[string]any)["hostnames"]; there != (want != "") {
			t.Errorf("%s: the route has hostnames: %v", domain, there)
		}
	}
	p := edgePlatform()
	p.Cluster.Spec.TLS = v1alpha1.TLSSpec{Disabled: true}
	if tls := p.Ingress().Spec.TLS; len(tls) > 0 {
		t.Errorf("TLS is disabled, and yet %v", tls)
	}
}

func TestPodOverrides(t *testing.T) {
	t.Parallel()
	p := platform()
	p.Cluster.Spec.API.Pods = v1alpha1.PodOverrides{
		Labels:            map[string]string{"team": "chat", LabelComponent: "mine"},
		Annotations:       map[string]string{"note": "x", annotationSecret: "mine"},
		NodeSelector:      map[string]string{"disk": "fast"},
		Tolerations:       []corev1.Toleration{{Key: "dedicated", Operator: corev1.TolerationOpEqual, Value: "chat", Effect: corev1.TaintEffectNoExecute, TolerationSeconds: ptr.To[int64](60)}, {Operator: corev1.TolerationOpExists}},
		PriorityClassName: "high",
		SpreadOver:        []string{"rack"},
	}
	template := p.APIDeployment().Spec.Template
	compare(t, "podoverrides", template)
	if template.Labels[LabelComponent] != API || template.Annotations[annotationSecret] == "mine" {
		t.Error("what the operator needs is overridden")
	}
	spread := func(p Platform) (keys []string) {
		for _, constraint := range p.APIDeployment().Spec.Template.Spec.TopologySpreadConstraints {
			keys = append(keys, *constraint.TopologyKey)
			if _, more := constraint.LabelSelector.MatchLabels["team"]; more {
				t.Error("labels of the user select pods")
			}
		}
		return keys
	}
	if keys := spread(p); !slices.Equal(keys, []string{"rack"}) {
		t.Errorf("spread over %v", keys)
	}
	p.Cluster.Spec.API.Pods.SpreadOver = []string{}
	if keys := spread(p); len(keys) > 0 {
		t.Errorf("spread over %v, and should not be", keys)
	}
	if keys := spread(platform()); !slices.Equal(keys, spreadOver) {
		t.Errorf("spread over %v by default", keys)
	}
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	if spec := job.Spec.Template.Spec; len(spec.Tolerations) != 2 || len(spec.TopologySpreadConstraints) > 0 {
		t.Errorf("the migrations' pod: %+v", spec)
	}
}

// Who has a token is who has rights.
func TestShardRouterAloneHasAToken(t *testing.T) {
	t.Parallel()
	p := platform()
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]bool{
		API:         *p.APIDeployment().Spec.Template.Spec.AutomountServiceAccountToken,
		Worker:      *p.WorkerDeployment().Spec.Template.Spec.AutomountServiceAccountToken,
		Gateway:     *p.GatewayShard(0).Spec.Template.Spec.AutomountServiceAccountToken,
		Migrate:     *job.Spec.Template.Spec.AutomountServiceAccountToken,
		ShardRouter: *p.ShardRouterDeployment().Spec.Template.Spec.AutomountServiceAccountToken,
	}
	for component, has := range tokens {
		if has != (component == ShardRouter) {
			t.Errorf("%s has a token: %v", component, has)
		}
	}
	router := p.ShardRouterDeployment().Spec.Template.Spec
	if account := *router.ServiceAccountName; account != *p.RoleBindings()[0].Subjects[0].Name || !strings.HasSuffix(account, ShardRouter) {
		t.Errorf("the rights are not those of %s", account)
	}
}
