package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	apply "k8s.io/client-go/applyconfigurations/batch/v1"
)

// exitUsage is how Guildhall's programs end when their configuration is wrong (internal/config): trying again is no use.
const exitUsage = 2

// MigrateJob returns the Job that brings the schema to the version of the image. A Job's template can't be changed, so the
// name ends with a hash of it: another image or Secret is another Job.
func (p Platform) MigrateJob() (*apply.JobApplyConfiguration, error) {
	spec := apply.JobSpec().
		WithBackoffLimit(3).
		WithPodFailurePolicy(apply.PodFailurePolicy().WithRules(apply.PodFailurePolicyRule().
			WithAction(batchv1.PodFailurePolicyActionFailJob).
			WithOnExitCodes(apply.PodFailurePolicyOnExitCodesRequirement().
				WithContainerName(Migrate).
				WithOperator(batchv1.PodFailurePolicyOnExitCodesOpIn).
				WithValues(exitUsage)))).
		WithTemplate(p.template(pod{
			component: Migrate,
			labels:    p.Labels(Migrate),
			program:   []string{"/api", "migrate"},
			grace:     requestsGrace,
			overrides: p.Cluster.Spec.API.Pods, // of the same program
			once:      true,
		}))
	content, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("build the migrations' Job: %w", err)
	}
	sum := sha256.Sum256(content)
	return apply.Job(p.Name(Migrate)+"-"+hex.EncodeToString(sum[:5]), p.Cluster.Namespace).
		WithLabels(p.Labels(Migrate)).
		WithOwnerReferences(p.owner()).
		WithSpec(spec), nil
}
