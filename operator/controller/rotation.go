package controller

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// A credential is rotated in three steps, each of them rolled out before the next:
//
//	accept   old, new   the new one is good everywhere, the old one is used
//	use      new, old   the new one is used, the old one is still good
//	retire   new        the old one is no good any more
//
// Between use and retire there is spec.rotation.retireAfter for signing keys: what the old one has signed may live on. Where a
// rotation stands is read off the Secret, so that an operator that restarts goes on.

// wantedGeneration is the number of spec.rotation for a component.
func wantedGeneration(cluster *v1alpha1.ChatCluster, component string) int64 {
	switch component {
	case resources.Redis:
		return cluster.Spec.Rotation.RedisPassword
	case resources.Postgres:
		return cluster.Spec.Rotation.PostgresPassword
	}
	return cluster.Spec.Rotation.SigningKeys
}

// rotate takes the next step of each rotation. It is called when everything is as the Secrets say.
func (r rollout) rotate(ctx context.Context) (progress, error) {
	cluster := r.platform.Cluster
	soonest := time.Duration(0)
	var rotating []string // side by side: the pods that read several of them roll once
	for _, generated := range r.platform.GeneratedSecrets() {
		name := r.platform.Name(generated.Component)
		secret, err := r.reconciler.readSecret(ctx, cluster.Namespace, name)
		if err != nil {
			return progress{}, err
		}
		if secret == nil {
			return progress{}, fmt.Errorf("read Secret %s: it is gone", name)
		}
		accepted, err := parseAccepted(secret.Data[resources.AcceptedKey])
		if err != nil {
			return progress{}, fmt.Errorf("read Secret %s: %w", name, err)
		}
		if len(accepted) == 0 {
			return progress{}, fmt.Errorf("read Secret %s: key %s is empty", name, resources.AcceptedKey)
		}
		status := rotationStatus(cluster, generated.Component)
		next, again := nextStep(accepted, wantedGeneration(cluster, generated.Component), status, retireAfter(cluster, generated.Component), time.Now(),
			func() string { return newValue(generated) })
		if next == nil {
			soonest = sooner(soonest, again)
			continue
		}
		if _, err := r.reconciler.writeGenerated(ctx, r.platform, generated, secret, next); err != nil {
			return progress{}, err
		}
		r.reconciler.Log.Info("rotating", "namespace", cluster.Namespace, "chatcluster", cluster.Name, "secret", name, "accepted", len(next), "uses", next[0].Generation)
		rotating = append(rotating, name)
	}
	if len(rotating) > 0 {
		return progress{reason: v1alpha1.ReasonRotating, waiting: "pods to read Secret " + strings.Join(rotating, ", "), advice: "see its conditions"}, nil
	}
	return progress{again: soonest}, nil
}

// nextStep returns what is to be accepted next, nil if nothing changes, and when to look again if only time is missing. It
// keeps the status.
func nextStep(
	accepted []resources.Credential, wanted int64, status *v1alpha1.CredentialStatus, retire time.Duration, now time.Time, create func() string,
) (next []resources.Credential, again time.Duration) {
	used := accepted[0]
	if len(accepted) == 1 {
		status.Generation, status.UsedSince = used.Generation, nil
		if wanted <= used.Generation {
			return nil, 0
		}
		return []resources.Credential{used, {Generation: wanted, Value: create()}}, 0
	}
	other := accepted[1]
	if used.Generation < other.Generation {
		return []resources.Credential{other, used}, 0
	}
	if status.UsedSince == nil {
		since := metav1.NewTime(now).Rfc3339Copy()
		status.UsedSince = &since
	}
	if left := retire - now.Sub(status.UsedSince.Time); left > 0 {
		return nil, left
	}
	return accepted[:1], 0
}

// rotationStatus returns the place of the status for a component.
func rotationStatus(cluster *v1alpha1.ChatCluster, component string) *v1alpha1.CredentialStatus {
	switch component {
	case resources.Redis:
		return &cluster.Status.Rotation.RedisPassword
	case resources.Postgres:
		return &cluster.Status.Rotation.PostgresPassword
	}
	return &cluster.Status.Rotation.SigningKeys
}

// retireAfter is how long something that an old credential has made is good. Connections that a password has opened stay.
func retireAfter(cluster *v1alpha1.ChatCluster, component string) time.Duration {
	if component == resources.Keys {
		return ptr.Deref(cluster.Spec.Rotation.RetireAfter, metav1.Duration{}).Duration
	}
	return 0
}

// maxCredentials is what a Secret holds at most.
const maxCredentials = 2

func formatAccepted(accepted []resources.Credential) []byte {
	var lines bytes.Buffer
	for _, c := range accepted {
		_, _ = fmt.Fprintf(&lines, "%d %s\n", c.Generation, c.Value)
	}
	return lines.Bytes()
}

// parseAccepted is the inverse. Its errors quote nothing.
func parseAccepted(content []byte) (accepted []resources.Credential, err error) {
	for line := range strings.Lines(string(content)) {
		number, value, found := strings.Cut(strings.TrimSpace(line), " ")
		generation, err := strconv.ParseInt(number, 10, 64)
		if !found || err != nil || value == "" || len(accepted) == maxCredentials {
			return nil, fmt.Errorf("key %s is not as the operator writes it: restore it, or delete the Secret for a new one", resources.AcceptedKey)
		}
		accepted = append(accepted, resources.Credential{Generation: generation, Value: value})
	}
	return accepted, nil
}
