package resources

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// spreadOver is over what pods are spread where the spec does not say.
var spreadOver = []string{corev1.LabelHostname, corev1.LabelTopologyZone}

// override has the template carry what the spec says of its pods. Labels and annotations that the template has already
// win. The pods that match the selector are spread.
func override(template *apply.PodTemplateSpecApplyConfiguration, o v1alpha1.PodOverrides, selector map[string]string) {
	template.Labels = under(o.Labels, template.Labels)
	template.Annotations = under(o.Annotations, template.Annotations)
	spec := template.Spec
	if len(o.NodeSelector) > 0 {
		spec.WithNodeSelector(o.NodeSelector)
	}
	if o.PriorityClassName != "" {
		spec.WithPriorityClassName(o.PriorityClassName)
	}
	for _, t := range o.Tolerations {
		spec.WithTolerations(toleration(t))
	}
	keys := o.SpreadOver
	if keys == nil {
		keys = spreadOver
	}
	for _, key := range keys {
		spec.WithTopologySpreadConstraints(apply.TopologySpreadConstraint().
			WithMaxSkew(1).
			WithTopologyKey(key).
			WithWhenUnsatisfiable(corev1.ScheduleAnyway).
			WithLabelSelector(metav1.LabelSelector().WithMatchLabels(selector)))
	}
}

// under returns both maps as one; where they differ, top is right.
func under(bottom, top map[string]string) map[string]string {
	if len(bottom) == 0 {
		return top
	}
	all := maps.Clone(bottom)
	maps.Copy(all, top)
	return all
}

func toleration(t corev1.Toleration) *apply.TolerationApplyConfiguration {
	made := apply.Toleration()
	if t.Key != "" {
		made.WithKey(t.Key)
	}
	if t.Operator != "" {
		made.WithOperator(t.Operator)
	}
	if t.Value != "" {
		made.WithValue(t.Value)
	}
	if t.Effect != "" {
		made.WithEffect(t.Effect)
	}
	made.TolerationSeconds = t.TolerationSeconds
	return made
}
