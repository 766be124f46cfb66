package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// ErrSealed says that no present signing key opens what was sealed.
var ErrSealed = errors.New("auth: sealed under another key")

// Seal encrypts a secret that the database keeps, so that a copy of the database is no copy of the secret. name is what
// the secret is, and must be the same when it is opened. AES-256-GCM with a random nonce, NIST SP 800-38D.
func (k *Keys) Seal(name string, secret []byte) ([]byte, error) {
	aead, err := sealer(k.seal[0])
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, secret, []byte(name)), nil //nolint:gosec // it makes the nonce itself
}

// Open decrypts what Seal made; ErrSealed if it was made under other signing keys, has another name, or is damaged.
func (k *Keys) Open(name string, sealed []byte) ([]byte, error) {
	for _, key := range k.seal {
		aead, err := sealer(key)
		if err != nil {
			return nil, err
		}
		if secret, err := aead.Open(nil, nil, sealed, []byte(name)); err == nil {
			return secret, nil
		}
	}
	return nil, ErrSealed
}

func sealer(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("auth: seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("auth: seal: %w", err)
	}
	return aead, nil
}
