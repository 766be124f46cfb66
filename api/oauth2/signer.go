package oauth2

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/store"
)

const (
	rsaBits = 2048
	// A key signs for so long, and is published until its last ID token is over.
	keySigns     = 90 * 24 * time.Hour
	keyPublished = keySigns + 24*time.Hour
	// keyHeld is how long a process goes on with a key before it looks for a newer one.
	keyHeld = time.Hour
	// sealName is what the keys are sealed as.
	sealName = "oidc"
)

// signer signs ID tokens. Its keys are in the database, made when they are first needed, sealed under the platform's
// signing keys: all processes sign with the same one, and none has to be configured.
type signer struct {
	store *store.Store
	keys  *auth.Keys

	mu     sync.Mutex
	held   signingKey
	looked time.Time
}

type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// sign returns the claims as a signed JWT.
func (s *signer) sign(ctx context.Context, claims jwt.Claims) (string, error) {
	key, err := s.current(ctx)
	if err != nil {
		return "", err
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = key.id
	signed, err := token.SignedString(key.private)
	if err != nil {
		return "", fmt.Errorf("sign ID token: %w", err)
	}
	return signed, nil
}

func (s *signer) current(ctx context.Context) (signingKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.held.private != nil && now.Sub(s.looked) < keyHeld {
		return s.held, nil
	}
	key, err := s.newest(ctx, now)
	if errors.Is(err, errNoKey) {
		if err := s.make(ctx, now); err != nil {
			return signingKey{}, err
		}
		key, err = s.newest(ctx, now)
	}
	if err != nil {
		return signingKey{}, err
	}
	s.held, s.looked = key, now
	return key, nil
}

var errNoKey = errors.New("no key for ID tokens")

// newest is the newest key that may still sign; errNoKey if there is none.
func (s *signer) newest(ctx context.Context, now time.Time) (signingKey, error) {
	stored, err := s.store.IDTokenKeys(ctx, now.Add(-keySigns))
	if err != nil {
		return signingKey{}, err
	}
	for _, k := range stored {
		secret, err := s.keys.Open(sealName, k.Sealed)
		if errors.Is(err, auth.ErrSealed) {
			continue // under signing keys that have been taken away
		}
		if err != nil {
			return signingKey{}, err
		}
		parsed, err := x509.ParsePKCS8PrivateKey(secret)
		if err != nil {
			return signingKey{}, fmt.Errorf("key %s: %w", k.ID, err)
		}
		if private, ok := parsed.(*rsa.PrivateKey); ok {
			return signingKey{k.ID, private}, nil
		}
	}
	return signingKey{}, errNoKey
}

// make adds a key. If what is there can't be opened, it goes on top.
func (s *signer) make(ctx context.Context, now time.Time) error {
	private, err := rsa.GenerateKey(rand.Reader, rsaBits)
	if err != nil {
		return fmt.Errorf("make key for ID tokens: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return fmt.Errorf("make key for ID tokens: %w", err)
	}
	sealed, err := s.keys.Seal(sealName, secret)
	if err != nil {
		return err
	}
	public := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	sum := sha256.Sum256(public)
	unless := now.Add(-keySigns)
	if stored, err := s.store.IDTokenKeys(ctx, unless); err != nil {
		return err
	} else if len(stored) > 0 {
		unless = stored[0].Created
	}
	return s.store.AddIDTokenKey(ctx, store.IDTokenKey{
		ID: base64.RawURLEncoding.EncodeToString(sum[:12]), Public: public, Sealed: sealed,
	}, unless, now.Add(-keyPublished))
}

// jwk is a public key, RFC 7517.
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use"`
	ID        string `json:"kid"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
	Algorithm string `json:"alg"`
}

// published are the keys by which ID tokens can be verified.
func (s *signer) published(ctx context.Context) ([]jwk, error) {
	// A client that asks before the first token finds the key that will sign it.
	if _, err := s.current(ctx); err != nil {
		return nil, err
	}
	stored, err := s.store.IDTokenKeys(ctx, time.Now().Add(-keyPublished))
	if err != nil {
		return nil, err
	}
	keys := make([]jwk, len(stored))
	for i, k := range stored {
		public, err := x509.ParsePKCS1PublicKey(k.Public)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", k.ID, err)
		}
		keys[i] = jwk{
			Type: "RSA", Use: "sig", ID: k.ID, Algorithm: jwt.SigningMethodRS256.Alg(),
			Modulus:  base64.RawURLEncoding.EncodeToString(public.N.Bytes()),
			Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(public.E)).Bytes()),
		}
	}
	return keys, nil
}
