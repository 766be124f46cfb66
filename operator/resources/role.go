package resources

import (
	apply "k8s.io/client-go/applyconfigurations/rbac/v1"
)

// Roles returns what components may do: the shard router sees the gateway's pods and the shard map. (Rights on
// EndpointSlices can't be narrowed to those of one Service.)
func (p Platform) Roles() []*apply.RoleApplyConfiguration {
	return []*apply.RoleApplyConfiguration{
		apply.Role(p.Name(ShardRouter), p.Cluster.Namespace).
			WithLabels(p.Labels(ShardRouter)).
			WithOwnerReferences(p.owner()).
			WithRules(
				apply.PolicyRule().WithAPIGroups("discovery.k8s.io").WithResources("endpointslices").WithVerbs("list", "watch"),
				apply.PolicyRule().WithAPIGroups("").WithResources("configmaps").WithResourceNames(p.Name(shardMapName)).WithVerbs("list", "watch"),
			),
	}
}

// RoleBindings returns those that give each of the Roles to the service account of the same name.
func (p Platform) RoleBindings() []*apply.RoleBindingApplyConfiguration {
	return []*apply.RoleBindingApplyConfiguration{
		apply.RoleBinding(p.Name(ShardRouter), p.Cluster.Namespace).
			WithLabels(p.Labels(ShardRouter)).
			WithOwnerReferences(p.owner()).
			WithRoleRef(apply.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(p.Name(ShardRouter))).
			WithSubjects(apply.Subject().WithKind("ServiceAccount").WithName(p.Name(ShardRouter)).WithNamespace(p.Cluster.Namespace)),
	}
}
