package resources

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apply "k8s.io/client-go/applyconfigurations/autoscaling/v2"
)

// APIAutoscaler returns the autoscaler of the api, nil if none is wanted. The Deployment's replicas are its to set.
func (p Platform) APIAutoscaler() *apply.HorizontalPodAutoscalerApplyConfiguration {
	wanted := p.Cluster.Spec.API.Autoscaling
	if wanted == nil {
		return nil
	}
	return apply.HorizontalPodAutoscaler(p.Name(API), p.Cluster.Namespace).
		WithLabels(p.Labels(API)).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.HorizontalPodAutoscalerSpec().
			WithScaleTargetRef(apply.CrossVersionObjectReference().WithAPIVersion("apps/v1").WithKind("Deployment").WithName(p.Name(API))).
			WithMinReplicas(wanted.MinReplicas).
			WithMaxReplicas(wanted.MaxReplicas).
			WithMetrics(apply.MetricSpec().
				WithType(autoscalingv2.ResourceMetricSourceType).
				WithResource(apply.ResourceMetricSource().
					WithName(corev1.ResourceCPU).
					WithTarget(apply.MetricTarget().
						WithType(autoscalingv2.UtilizationMetricType).
						WithAverageUtilization(wanted.TargetCPUPercent)))))
}
