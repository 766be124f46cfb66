package controller

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/postgres"
	"guildhall.chat/guildhall/operator/resources"
)

// When to look at Postgres again: what goes on inside it, no watch tells.
const (
	postgresUnderWay = 2 * time.Second
	postgresSteady   = 30 * time.Second
)

// postgres makes the managed Postgres and takes the next step towards what the spec says of it.
func (r rollout) postgres(ctx context.Context) (progress, error) {
	secret, err := r.reconciler.readSecret(ctx, r.platform.Cluster.Namespace, r.platform.Name(resources.Postgres))
	if err != nil {
		return progress{}, err
	}
	if secret == nil {
		return progress{}, fmt.Errorf("the Secret %s is gone", r.platform.Name(resources.Postgres))
	}
	set, err := r.applyPostgres(ctx)
	if err != nil {
		return progress{}, err
	}
	pods, err := r.postgresPods(ctx, set)
	if err != nil {
		return progress{}, err
	}
	patroni := postgres.Patroni{Password: string(secret.Data[resources.PatroniKey])}
	picture := postgres.Observe(ctx, patroni, pods)
	archiveFailure, unwelcome := r.onPrimary(ctx, &picture, secret)
	published, err := r.primaryPublished(ctx, picture)
	if err != nil {
		return progress{}, err
	}

	wanted := postgres.Wanted{Instances: int(r.platform.PostgresInstances()), Config: r.platform.PostgresSettings().Dynamic()}
	step, err := postgres.Plan(picture, wanted)
	if err != nil {
		return progress{}, err
	}
	if set.Status.ObservedGeneration < set.Generation && step.Action == postgres.Done {
		step = postgres.Step{Action: postgres.Wait, Why: "its pods to be made"}
	}
	if step.Action == postgres.Done && unwelcome != nil {
		step = postgres.Step{Action: postgres.Wait, Why: "the primary: " + unwelcome.Error()}
	}
	if step.Action == postgres.Done && !published {
		step = postgres.Step{Action: postgres.Wait, Why: "the primary's Service to lead to it"}
	}
	if err := r.takePostgresStep(ctx, patroni, picture, set, &step); err != nil {
		return progress{}, err
	}
	if step.Action == postgres.Done {
		if err := r.storeVolumes(ctx, set, resources.Postgres, r.platform.PostgresStorage()); err != nil {
			return progress{}, err
		}
	}
	r.reportPostgres(picture, step)
	if err := r.backups(ctx, picture, published, archiveFailure); err != nil {
		return progress{}, err
	}
	return r.postgresProgress(set, step), nil
}

// applyPostgres applies the objects, and returns the StatefulSet as it is now.
func (r rollout) applyPostgres(ctx context.Context) (*appsv1.StatefulSet, error) {
	files, err := r.platform.PostgresConfigMap()
	if err != nil {
		return nil, err
	}
	objects := []runtime.ApplyConfiguration{
		files, r.platform.PostgresRole(), r.platform.PostgresRoleBinding(), r.platform.PostgresPodDisruptionBudget(),
	}
	for _, account := range r.platform.PostgresServiceAccounts() {
		objects = append(objects, account)
	}
	for _, service := range r.platform.PostgresServices() {
		objects = append(objects, service)
	}
	for _, object := range objects {
		if err := r.apply(ctx, object, nil); err != nil {
			return nil, err
		}
	}
	// Not from the cache, which may not know yet that an instance was taken away.
	var set appsv1.StatefulSet
	key := client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: r.platform.Name(resources.Postgres)}
	if err := client.IgnoreNotFound(r.reconciler.Secrets.Get(ctx, key, &set)); err != nil {
		return nil, fmt.Errorf("read StatefulSet %s: %w", key.Name, err)
	}
	instances, size := r.platform.PostgresInstances(), r.platform.PostgresStorage()
	if set.Spec.Replicas != nil {
		instances = max(instances, *set.Spec.Replicas) // fewer come one at a time
	}
	if claims := set.Spec.VolumeClaimTemplates; len(claims) > 0 {
		size = claims[0].Spec.Resources.Requests[corev1.ResourceStorage]
	}
	wanted, err := r.platform.PostgresStatefulSet(instances, size)
	if err != nil {
		return nil, err
	}
	if err := r.apply(ctx, wanted, &set); err != nil {
		return nil, err
	}
	return &set, nil
}

// postgresPods returns what Kubernetes says of the instances.
func (r rollout) postgresPods(ctx context.Context, set *appsv1.StatefulSet) ([]postgres.Pod, error) {
	var list corev1.PodList
	if err := r.list(ctx, &list, resources.Postgres); err != nil {
		return nil, err
	}
	observed := set.Status.ObservedGeneration >= set.Generation && set.Status.UpdateRevision != ""
	var pods []postgres.Pod
	for i := range list.Items {
		pod := &list.Items[i]
		ordinal, err := strconv.Atoi(strings.TrimPrefix(pod.Name, set.Name+"-"))
		if err != nil || pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
			continue // not one of the StatefulSet's, or one that it is about to replace
		}
		pods = append(pods, postgres.Pod{
			Name:        pod.Name,
			Ordinal:     ordinal,
			Addr:        pod.Status.PodIP,
			Ready:       podReady(pod),
			Terminating: !pod.DeletionTimestamp.IsZero(),
			Outdated:    observed && pod.Labels[appsv1.StatefulSetRevisionLabel] != set.Status.UpdateRevision,
		})
	}
	return pods, nil
}

// onPrimary does and asks what takes SQL: it sees to the logins, and fills in the picture. It returns the segment of the
// write-ahead log that can't be archived, and what was wrong.
func (r rollout) onPrimary(ctx context.Context, picture *postgres.Picture, secret *corev1.Secret) (archiveFailure string, err error) {
	primary := picture.Of(picture.Primary)
	if primary == nil {
		return "", nil // the plan says so
	}
	conn, err := postgres.Connect(ctx, primary.Addr, string(secret.Data[resources.PostgresSuperuserKey]))
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if err := postgres.EnsureLogins(ctx, conn, logins(secret)); err != nil {
		return "", err
	}
	if primary.PendingRestart {
		if picture.LowersLimit, err = postgres.LowersLimit(ctx, conn, picture.Config); err != nil {
			return "", err
		}
	}
	return r.archiveFailure(ctx, conn)
}

func (r rollout) archiveFailure(ctx context.Context, conn *pgx.Conn) (string, error) {
	if r.platform.Cluster.Spec.Postgres.Backup == nil {
		return "", nil
	}
	return postgres.ArchiveFailure(ctx, conn)
}

// logins reads who may log in as the platform.
func logins(secret *corev1.Secret) (accepted []postgres.Login) {
	for line := range strings.Lines(string(secret.Data[resources.PostgresLoginsKey])) {
		if user, password, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			accepted = append(accepted, postgres.Login{User: user, Password: password})
		}
	}
	return accepted
}

// primaryPublished says whether the primary's Service leads to it. Patroni sees to that up to a round after an instance has
// become the primary; until then clients find nobody, or the one before.
func (r rollout) primaryPublished(ctx context.Context, picture postgres.Picture) (bool, error) {
	primary := picture.Of(picture.Primary)
	if primary == nil {
		return false, nil
	}
	var endpoints corev1.Endpoints //nolint:staticcheck // deprecated, but it is these that Patroni writes
	key := client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: r.platform.Name(resources.Postgres)}
	if err := client.IgnoreNotFound(r.reconciler.Secrets.Get(ctx, key, &endpoints)); err != nil {
		return false, fmt.Errorf("read Endpoints %s: %w", key.Name, err)
	}
	for i := range endpoints.Subsets {
		for _, address := range endpoints.Subsets[i].Addresses {
			if address.IP == primary.Addr {
				return true, nil
			}
		}
	}
	return false, nil
}

// takePostgresStep does what the step says. What Patroni refuses now, it may accept the next time: the step becomes a wait.
func (r rollout) takePostgresStep(ctx context.Context, patroni postgres.Patroni, picture postgres.Picture, set *appsv1.StatefulSet, step *postgres.Step) error {
	switch step.Action {
	case postgres.Done, postgres.Wait, postgres.Stuck:
		return nil
	case postgres.Replace:
		return r.replaced(step, r.deletePod(ctx, step.Instance))
	case postgres.Shrink:
		wanted, err := r.platform.PostgresStatefulSet(int32(step.Instances), set.Spec.VolumeClaimTemplates[0].Spec.Resources.Requests[corev1.ResourceStorage])
		if err != nil {
			return err
		}
		return r.replaced(step, r.apply(ctx, wanted, nil))
	case postgres.Configure, postgres.Restart, postgres.Switchover:
		if err := postgres.Do(ctx, patroni, picture, *step); err != nil {
			r.reconciler.Log.Warn("Patroni has refused", "namespace", set.Namespace, "statefulset", set.Name, "error", err)
			*step = postgres.Step{Action: postgres.Wait, Why: "Patroni: " + err.Error()}
			return nil
		}
	}
	return r.replaced(step, nil)
}

// replaced tells of a step that was taken.
func (r rollout) replaced(step *postgres.Step, err error) error {
	if err != nil {
		return err
	}
	r.reconciler.Log.Info("step of Postgres", "namespace", r.platform.Cluster.Namespace, "chatcluster", r.platform.Cluster.Name,
		"step", step.Describe(), "why", step.Why)
	return nil
}

// reportPostgres fills in the status.
func (r rollout) reportPostgres(picture postgres.Picture, step postgres.Step) {
	cluster := r.platform.Cluster
	status := v1alpha1.PostgresStatus{Primary: picture.Primary}
	if before := cluster.Status.Postgres; before != nil {
		status.LastBackup = before.LastBackup
	}
	for _, i := range picture.Instances {
		if picture.Serves(i) {
			status.ReadyInstances++
			if i.Synchronous {
				status.SynchronousStandbys++
			}
		}
	}
	status.Summary = fmt.Sprintf("%d/%d", status.ReadyInstances, r.platform.PostgresInstances())
	cluster.Status.Postgres = &status
	missing := ""
	if step.Action != postgres.Done {
		missing = step.Describe()
	}
	component(cluster, v1alpha1.ConditionPostgresReady, missing)
}

func (r rollout) postgresProgress(set *appsv1.StatefulSet, step postgres.Step) progress {
	switch step.Action {
	case postgres.Done:
		return progress{again: postgresSteady}
	case postgres.Stuck:
		return progress{reason: v1alpha1.ReasonBlocked, again: postgresSteady, failed: &failure{
			reason: v1alpha1.ReasonNotReady, message: "Postgres: " + step.Why,
		}}
	}
	reached := r.waitFor(v1alpha1.ReasonRollingPostgres, "StatefulSet", set.Name, resources.LabelComponent+"="+resources.Postgres)
	reached.again = postgresUnderWay
	reached.advice = fmt.Sprintf("%s; %s, and kubectl logs -n %s of the pod. The volume of a standby may be deleted with its pod: it is cloned anew",
		step.Describe(), reached.advice, set.Namespace)
	return reached
}
