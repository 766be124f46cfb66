package resources

import apply "k8s.io/client-go/applyconfigurations/core/v1"

// ServiceAccounts returns one for each component. They have no rights; policies tell pods apart by them.
func (p Platform) ServiceAccounts() []*apply.ServiceAccountApplyConfiguration {
	var accounts []*apply.ServiceAccountApplyConfiguration
	for _, component := range []string{Migrate, Gateway, API, Worker, ShardRouter} {
		accounts = append(accounts, apply.ServiceAccount(p.Name(component), p.Cluster.Namespace).
			WithLabels(p.Labels(component)).
			WithOwnerReferences(p.owner()).
			WithAutomountServiceAccountToken(false))
	}
	return accounts
}
