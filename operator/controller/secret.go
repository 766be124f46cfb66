package controller

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// readSecret returns the version of the ChatCluster's Secret, or what is wrong with it.
func (r *Reconciler) readSecret(ctx context.Context, cluster *v1alpha1.ChatCluster) (resources.SecretVersion, *failure, error) {
	var secret corev1.Secret
	name := cluster.Spec.SecretName
	err := r.Secrets.Get(ctx, client.ObjectKey{Namespace: cluster.Namespace, Name: name}, &secret)
	switch {
	case apierrors.IsNotFound(err):
		return resources.SecretVersion{}, &failure{
			reason: v1alpha1.ReasonSecretMissing,
			message: fmt.Sprintf("Secret %s does not exist: create it with the keys %s and %s",
				name, resources.RequiredKeys[0], resources.RequiredKeys[1]),
		}, nil
	case err != nil:
		return resources.SecretVersion{}, nil, fmt.Errorf("read Secret %s: %w", name, err)
	}
	for _, key := range resources.RequiredKeys {
		if len(secret.Data[key]) == 0 {
			return resources.SecretVersion{}, &failure{
				reason:  v1alpha1.ReasonSecretKeyMissing,
				message: fmt.Sprintf("Secret %s has no key %s, or an empty one: add it", name, key),
			}, nil
		}
	}
	return resources.NewSecretVersion(secret.Data), nil, nil
}
