package resources

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	apply "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/internal/config"
)

// SecretFile is a key of a Secret that pods read as a file of the same name.
type SecretFile struct {
	Secret string
	Key    string
	// Optional says that the Secret need not have the key.
	Optional bool
}

// SecretFiles returns all that the platform's own pods read, each from the Secret that the operator generates or that the
// spec names.
func (p Platform) SecretFiles() []SecretFile {
	spec := p.Cluster.Spec
	files := []SecretFile{{Secret: p.Name(Keys), Key: config.SigningKeysFile}}
	if external := spec.Postgres.External; external != nil {
		files = append(files, SecretFile{Secret: external.SecretName, Key: config.PostgresDSNFile},
			SecretFile{Secret: external.SecretName, Key: config.PostgresReplicaDSNFile, Optional: true})
	} else {
		files = append(files, SecretFile{Secret: p.Name(Postgres), Key: config.PostgresDSNFile})
		if p.PostgresInstances() > 1 {
			files = append(files, SecretFile{Secret: p.Name(Postgres), Key: config.PostgresReplicaDSNFile})
		}
	}
	if external := spec.Redis.External; external == nil {
		files = append(files, SecretFile{Secret: p.Name(Redis), Key: config.RedisPasswordFile})
	} else if external.SecretName != "" {
		files = append(files, SecretFile{Secret: external.SecretName, Key: config.RedisPasswordFile})
	}
	if spec.SMTP.SecretName != "" {
		files = append(files, SecretFile{Secret: spec.SMTP.SecretName, Key: config.SMTPPasswordFile})
	}
	if storage := spec.ObjectStorage; storage != nil {
		files = append(files, SecretFile{Secret: storage.SecretName, Key: config.S3AccessKeyFile},
			SecretFile{Secret: storage.SecretName, Key: config.S3SecretKeyFile})
	}
	return files
}

// reads returns the names of the files that a component gets, no more than it needs.
func reads(component string) []string {
	switch component {
	case ShardRouter:
		return []string{config.SigningKeysFile}
	case Migrate:
		return []string{config.SigningKeysFile, config.PostgresDSNFile}
	case Gateway:
		return []string{config.SigningKeysFile, config.PostgresDSNFile, config.RedisPasswordFile}
	}
	return []string{
		config.SigningKeysFile, config.PostgresDSNFile, config.PostgresReplicaDSNFile, config.RedisPasswordFile,
		config.SMTPPasswordFile, config.S3AccessKeyFile, config.S3SecretKeyFile,
	}
}

// secretVolume returns the volume with the files that a component reads.
func (p Platform) secretVolume(component string) *apply.VolumeApplyConfiguration {
	wanted := reads(component)
	volume := apply.ProjectedVolumeSource().WithDefaultMode(0o440)
	for _, file := range p.SecretFiles() {
		if !slices.Contains(wanted, file.Key) {
			continue
		}
		item := apply.KeyToPath().WithKey(file.Key).WithPath(file.Key)
		source := apply.SecretProjection().WithName(file.Secret).WithItems(item)
		if file.Optional {
			source.WithOptional(true)
		}
		volume.WithSources(apply.VolumeProjection().WithSecret(source))
	}
	return apply.Volume().WithName(secretsVolume).WithProjected(volume)
}

// SecretVersions stand for the contents of secret files, by name. Pods carry that of what they read as an annotation, so
// that a change rolls them.
type SecretVersions map[string]string

// NewSecretVersions returns the versions of the contents. They are made with a key that nobody can guess, so none lets a weak
// password be tried.
func NewSecretVersions(key []byte, contents map[string][]byte) SecretVersions {
	versions := make(SecretVersions, len(contents))
	for name, content := range contents {
		h := hmac.New(sha256.New, key)
		_, _ = h.Write([]byte(name + "\n"))
		_, _ = h.Write(content)
		versions[name] = hex.EncodeToString(h.Sum(nil)[:16])
	}
	return versions
}

// of returns the version of all that a component reads. Signing keys that the component is given beside, and does not use, do
// not count.
func (v SecretVersions) of(component string) string {
	h := sha256.New()
	for _, name := range reads(component) {
		if component == Migrate && name == config.SigningKeysFile {
			continue
		}
		_, _ = fmt.Fprintf(h, "%s %s\n", name, v[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
