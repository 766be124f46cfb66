package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"guildhall.chat/guildhall/internal/config"
)

// postgresPasswordFile is beside the services' secrets; they know the password from the DSN alone.
const postgresPasswordFile = "postgres-password"

// secret returns the secret in the file, which it makes the first time.
func (d *dataDir) secret(name string, generate func() string) (string, error) {
	path := d.file("secrets", name)
	content, err := os.ReadFile(path)
	if err == nil && len(content) > 0 {
		return strings.TrimSpace(string(content)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("secret: %w", err)
	}
	made := generate()
	return made, d.writeSecret(name, made)
}

// writeSecret replaces the file in one step: a secret that was half written would lock us out of our own data.
func (d *dataDir) writeSecret(name, value string) error {
	path := d.file("secrets", name)
	if err := os.WriteFile(path+".new", []byte(value+"\n"), 0o600); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	return os.Rename(path+".new", path)
}

func newSigningKey() string {
	key := make([]byte, config.MinSigningKey)
	_, _ = rand.Read(key) // never fails
	return base64.StdEncoding.EncodeToString(key)
}
