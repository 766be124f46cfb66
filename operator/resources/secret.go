package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"guildhall.chat/guildhall/internal/config"
)

// RequiredKeys are the keys that a ChatCluster's Secret must have.
var RequiredKeys = []string{config.PostgresDSNFile, config.SigningKeysFile}

// optionalKeys are the others that services read.
var optionalKeys = []string{config.RedisPasswordFile, config.SMTPPasswordFile}

// SecretVersion stands for a Secret's content. Pods carry it as an annotation, so that a change rolls them. Every hash
// covers the signing keys, which nobody can guess, so none lets a weak password be tried.
type SecretVersion struct {
	All         string // of all keys that services read
	SigningKeys string // of signing-keys alone, all that the shard router gets
}

// NewSecretVersion returns the version of a Secret's data.
func NewSecretVersion(data map[string][]byte) SecretVersion {
	return SecretVersion{
		All:         hash(data, append(append([]string{}, RequiredKeys...), optionalKeys...)...),
		SigningKeys: hash(data, config.SigningKeysFile),
	}
}

func hash(data map[string][]byte, keys ...string) string {
	h := sha256.New()
	for _, key := range keys {
		value, there := data[key]
		_, _ = fmt.Fprintf(h, "%s %t %d\n", key, there, len(value)) // lengths, so that no two contents look alike
		_, _ = h.Write(value)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
