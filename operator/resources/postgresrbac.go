package resources

import (
	core "k8s.io/client-go/applyconfigurations/core/v1"
	rbac "k8s.io/client-go/applyconfigurations/rbac/v1"
)

// PostgresServiceAccounts returns those of the instances and of the Jobs that make backups.
func (p Platform) PostgresServiceAccounts() []*core.ServiceAccountApplyConfiguration {
	var accounts []*core.ServiceAccountApplyConfiguration
	for _, component := range []string{Postgres, PostgresBackup} {
		accounts = append(accounts, core.ServiceAccount(p.Name(component), p.Cluster.Namespace).
			WithLabels(p.Labels(component)).
			WithOwnerReferences(p.owner()).
			WithAutomountServiceAccountToken(false))
	}
	return accounts
}

// PostgresRole returns the rights that Patroni needs: its own endpoints and pods. Lists and watches, and making an object,
// can't be bound to names.
// https://patroni.readthedocs.io/en/latest/kubernetes.html
func (p Platform) PostgresRole() *rbac.RoleApplyConfiguration {
	scope := p.Name(Postgres)
	endpoints := []string{scope}
	for _, key := range patroniKeys {
		endpoints = append(endpoints, scope+"-"+key)
	}
	var pods []string
	for ordinal := range maxPostgresInstances {
		pods = append(pods, p.PostgresPod(ordinal))
	}
	return rbac.Role(scope, p.Cluster.Namespace).
		WithLabels(p.Labels(Postgres)).
		WithOwnerReferences(p.owner()).
		WithRules(
			rbac.PolicyRule().WithAPIGroups("").WithResources("endpoints", "pods").WithVerbs("list", "watch"),
			rbac.PolicyRule().WithAPIGroups("").WithResources("endpoints").WithVerbs("create"),
			rbac.PolicyRule().WithAPIGroups("").WithResources("endpoints").WithVerbs("get", "patch", "update").WithResourceNames(endpoints...),
			rbac.PolicyRule().WithAPIGroups("").WithResources("pods").WithVerbs("get", "patch").WithResourceNames(pods...),
		)
}

// maxPostgresInstances is what the schema admits. Instances that are yet to go need their rights, too.
const maxPostgresInstances = 9

// PostgresRoleBinding gives them to the instances.
func (p Platform) PostgresRoleBinding() *rbac.RoleBindingApplyConfiguration {
	name := p.Name(Postgres)
	return rbac.RoleBinding(name, p.Cluster.Namespace).
		WithLabels(p.Labels(Postgres)).
		WithOwnerReferences(p.owner()).
		WithRoleRef(rbac.RoleRef().WithAPIGroup("rbac.authorization.k8s.io").WithKind("Role").WithName(name)).
		WithSubjects(rbac.Subject().WithKind("ServiceAccount").WithName(name).WithNamespace(p.Cluster.Namespace))
}
