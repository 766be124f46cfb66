package config

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

// Names of the files in the directory of secrets.
const (
	PostgresDSNFile        = "postgres-dsn"
	PostgresReplicaDSNFile = "postgres-replica-dsn"
	RedisPasswordFile      = "redis-password"
	SigningKeysFile        = "signing-keys"
	SMTPPasswordFile       = "smtp-password"
	S3AccessKeyFile        = "s3-access-key"
	S3SecretKeyFile        = "s3-secret-key" //nolint:gosec // the name of a file
)

// MinSigningKey is the least length of a signing key in bytes: that of a SHA-256 digest, as RFC 2104 section 3 advises.
const MinSigningKey = 32

// maxSecretFile bounds what is read of a secret file, in bytes.
const maxSecretFile = 64 << 10

const redacted = "[redacted]"

// Secrets are the contents of the directory of secrets. Formatted, logged or marshalled they say "[redacted]".
type Secrets struct {
	PostgresDSN        string   // of the primary
	PostgresReplicaDSN string   // of streaming replicas; empty: none
	RedisPassword      string   // empty: none
	SigningKeys        [][]byte // at least one; the first signs, all verify
	SMTPPassword       string   // empty: none
	S3AccessKey        string   // empty: none
	S3SecretKey        string   // empty: none
}

// LoadSecrets reads the secrets in dir. postgres-dsn and signing-keys must be there. The error names the file.
func LoadSecrets(dir string) (Secrets, error) {
	dsn, dsnErr := readRequired(dir, PostgresDSNFile)
	replicaDSN, replicaErr := readOptional(dir, PostgresReplicaDSNFile)
	keys, keysErr := LoadSigningKeys(dir)
	redisPassword, redisErr := readOptional(dir, RedisPasswordFile)
	smtpPassword, smtpErr := readOptional(dir, SMTPPasswordFile)
	s3Access, s3AccessErr := readOptional(dir, S3AccessKeyFile)
	s3Secret, s3SecretErr := readOptional(dir, S3SecretKeyFile)
	if err := errors.Join(dsnErr, replicaErr, keysErr, redisErr, smtpErr, s3AccessErr, s3SecretErr); err != nil {
		return Secrets{}, err
	}
	return Secrets{
		PostgresDSN: dsn, PostgresReplicaDSN: replicaDSN, RedisPassword: redisPassword, SigningKeys: keys, SMTPPassword: smtpPassword,
		S3AccessKey: s3Access, S3SecretKey: s3Secret,
	}, nil
}

// LoadSigningKeys reads signing-keys in dir alone, for a program that is trusted with nothing else.
func LoadSigningKeys(dir string) ([][]byte, error) {
	content, err := readRequired(dir, SigningKeysFile)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, SigningKeysFile)
	var keys [][]byte
	lines := bufio.NewScanner(strings.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		// The decoder's own error would quote a part of the key.
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return nil, Errorf("secret file %s, line %d: not base64", path, number)
		}
		if len(key) < MinSigningKey {
			return nil, Errorf("secret file %s, line %d: a key needs %d bytes or more, this has %d", path, number, MinSigningKey, len(key))
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, Errorf("secret file %s: %w", path, err)
	}
	return keys, nil
}

// Format writes "[redacted]" whatever the verb, so that no formatting shows a secret.
func (Secrets) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// String returns "[redacted]".
func (Secrets) String() string { return redacted }

// LogValue returns "[redacted]".
func (Secrets) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON returns "[redacted]".
func (Secrets) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

func readRequired(dir, name string) (string, error) {
	content, err := readOptional(dir, name)
	if err != nil {
		return "", err
	}
	if content == "" {
		return "", Errorf("secret file %s: missing or empty", filepath.Join(dir, name))
	}
	return content, nil
}

// readOptional returns the file's text without surrounding space, or "" if there is no such file.
func readOptional(dir, name string) (string, error) {
	path := filepath.Join(dir, name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", Errorf("secret file: %w", err)
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, maxSecretFile+1))
	if err != nil {
		return "", Errorf("secret file: %w", err)
	}
	if len(content) > maxSecretFile {
		return "", Errorf("secret file %s: larger than %d bytes", path, maxSecretFile)
	}
	return string(bytes.TrimSpace(content)), nil
}
