package controller

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/operator/resources"
)

// secretBytes is how many random bytes a generated key or password has.
const secretBytes = config.MinSigningKey

// readSecrets makes the Secrets that are to be generated and are not there, and reads what pods read. It returns what is wrong
// with a Secret of the user's, if something is.
func (r *Reconciler) readSecrets(ctx context.Context, platform *resources.Platform) (*failure, error) {
	secrets := map[string]*corev1.Secret{}
	for _, generated := range platform.GeneratedSecrets() {
		secret, err := r.ensureGenerated(ctx, *platform, generated)
		if err != nil {
			return nil, err
		}
		secrets[secret.Name] = secret
	}
	contents := map[string][]byte{}
	for _, file := range platform.SecretFiles() {
		secret, there := secrets[file.Secret]
		if !there {
			read, err := r.readSecret(ctx, platform.Cluster.Namespace, file.Secret)
			if err != nil {
				return nil, err
			}
			secret, secrets[file.Secret] = read, read
		}
		if secret == nil {
			return &failure{
				reason:  v1alpha1.ReasonSecretMissing,
				message: fmt.Sprintf("Secret %s does not exist: create it with the key %s", file.Secret, file.Key),
			}, nil
		}
		if len(secret.Data[file.Key]) == 0 {
			if file.Optional {
				continue
			}
			return &failure{
				reason:  v1alpha1.ReasonSecretKeyMissing,
				message: fmt.Sprintf("Secret %s has no key %s, or an empty one: add it", file.Secret, file.Key),
			}, nil
		}
		contents[file.Key] = secret.Data[file.Key]
	}
	platform.Secrets = resources.NewSecretVersions(secrets[platform.Name(resources.Keys)].Data[resources.VersionKey], contents)
	return nil, nil
}

// readSecret returns a Secret, nil if there is none.
func (r *Reconciler) readSecret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := r.Secrets.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", name, err)
	}
	return &secret, nil
}

// ensureGenerated returns the generated Secret, with whatever is missing in it made.
func (r *Reconciler) ensureGenerated(ctx context.Context, platform resources.Platform, generated resources.Generated) (*corev1.Secret, error) {
	secret, err := r.readSecret(ctx, platform.Cluster.Namespace, platform.Name(generated.Component))
	if err != nil {
		return nil, err
	}
	var data map[string][]byte
	if secret != nil {
		data = secret.Data
	}
	accepted, err := parseAccepted(data[resources.AcceptedKey])
	if err != nil {
		return nil, fmt.Errorf("read Secret %s: %w", platform.Name(generated.Component), err)
	}
	if len(accepted) == 0 {
		accepted = []resources.Credential{{Generation: wantedGeneration(platform.Cluster, generated.Component), Value: newValue(generated)}}
	}
	return r.writeGenerated(ctx, platform, generated, secret, accepted)
}

// writeGenerated writes the Secret that has these accepted credentials, unless it is so already.
func (r *Reconciler) writeGenerated(
	ctx context.Context, platform resources.Platform, generated resources.Generated, before *corev1.Secret, accepted []resources.Credential,
) (*corev1.Secret, error) {
	made := madeTimes(before, accepted, time.Now())
	data := map[string][]byte{resources.AcceptedKey: formatAccepted(accepted), resources.MadeKey: formatMade(accepted, made)}
	for _, key := range generated.Once {
		if before != nil {
			data[key] = before.Data[key]
		}
		if len(data[key]) == 0 {
			data[key] = []byte(newValue(generated))
		}
	}
	for key, value := range generated.Render(platform, accepted) {
		data[key] = []byte(value)
	}
	// The Secret is read from the API server in each pass, so what is there is known for certain.
	var secret corev1.Secret
	pass := rollout{reconciler: r, platform: platform}
	if err := pass.apply(ctx, platform.GeneratedSecret(generated.Component, data), &secret); err != nil {
		return nil, err
	}
	measureCredential(platform.Cluster, generated.Component, made[accepted[0].Generation])
	return &secret, nil
}

func newValue(generated resources.Generated) string {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails: crypto/rand ends the process instead
	return generated.New(random)
}
