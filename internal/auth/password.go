package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// What a new hash costs: OWASP's second choice for argon2id, about 20 ms and 19 MiB.
// https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
var cost = params{memory: 19 * 1024, time: 2, threads: 1}

const (
	saltBytes = 16
	hashBytes = 32
)

// Passwords hashes and verifies passwords, a bounded number at once: each holds its memory and a processor for as long as it
// takes, and anybody may try to log in. Safe for concurrent use.
type Passwords struct {
	slots  chan struct{}
	nobody phc
}

// NewPasswords returns a Passwords that computes at most so many hashes at once, at least one. The number of processors
// makes sense.
func NewPasswords(atOnce int) *Passwords {
	return &Passwords{
		slots:  make(chan struct{}, max(atOnce, 1)),
		nobody: phc{cost, make([]byte, saltBytes), make([]byte, hashBytes)},
	}
}

// Hash returns the password's hash in PHC string format, as it may be stored. It fails only by ctx, while it waits for its
// turn.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, says its documentation
	hash, err := p.compute(ctx, password, phc{cost, salt, make([]byte, hashBytes)})
	if err != nil {
		return "", err
	}
	return phc{cost, salt, hash}.String(), nil
}

// Verify reports whether the password is the one that was hashed, and if so, whether the hash is of another cost than
// new ones have: then store a new Hash. It fails if stored isn't such a hash, or by ctx, while it waits for its turn.
func (p *Passwords) Verify(ctx context.Context, password, stored string) (ok, rehash bool, err error) {
	want, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	got, err := p.compute(ctx, password, want)
	if err != nil || subtle.ConstantTimeCompare(got, want.hash) != 1 {
		return false, false, err
	}
	return true, want.params != cost, nil
}

// VerifyNobody takes as long as a Verify that says no. A login for an account that doesn't exist calls it, so that the
// time tells nothing.
func (p *Passwords) VerifyNobody(ctx context.Context, password string) error {
	_, err := p.compute(ctx, password, p.nobody)
	return err
}

// compute hashes the password with like's parameters and salt, to like's length, when it's its turn.
func (p *Passwords) compute(ctx context.Context, password string, like phc) ([]byte, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("auth: wait to hash a password: %w", context.Cause(ctx))
	}
	defer func() { <-p.slots }()
	return argon2.IDKey([]byte(password), like.salt, like.time, like.memory, like.threads, uint32(len(like.hash))), nil
}
