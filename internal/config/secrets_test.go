package config

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func writeSecrets(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func key(n int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, n)) }

func TestLoadSecrets(t *testing.T) {
	t.Parallel()
	dir := writeSecrets(t, map[string]string{
		"postgres-dsn":         "postgres://u:hunter2@h/d\n",
		"postgres-replica-dsn": "postgres://u:hunter2@replica/d\n",
		"redis-password":       "hunter3\n",
		"signing-keys":         key(32) + "\n\n" + key(64) + "\r\n",
	})
	s, err := LoadSecrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if s.PostgresDSN != "postgres://u:hunter2@h/d" || s.RedisPassword != "hunter3" || s.PostgresReplicaDSN != "postgres://u:hunter2@replica/d" || s.SMTPPassword != "" ||
		len(s.SigningKeys) != 2 || len(s.SigningKeys[0]) != 32 || len(s.SigningKeys[1]) != 64 {
		t.Fatal("read wrongly")
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	t.Parallel()
	s := Secrets{PostgresDSN: "hunter2", PostgresReplicaDSN: "hunter2", RedisPassword: "hunter2", SigningKeys: [][]byte{[]byte("hunter2")}, SMTPPassword: "hunter2", S3SecretKey: "hunter2"}
	var shown bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		_, _ = fmt.Fprintf(&shown, verb+" "+verb+" "+verb+"\n", s, &s, struct{ S Secrets }{s})
	}
	marshalled, err := json.Marshal(map[string]any{"a": s, "b": &s})
	if err != nil {
		t.Fatal(err)
	}
	shown.Write(marshalled)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("x", "s", s, "p", &s)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("x", "s", s, "p", &s)
	for _, leak := range []string{"hunter2", "68756e74657232", "104 117 110"} {
		if strings.Contains(shown.String(), leak) {
			t.Fatalf("%q shown in %s", leak, &shown)
		}
	}
}

func TestBadSecretsNameTheFile(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://h/d"
	cases := map[string]struct {
		files map[string]string
		want  []string
	}{
		"nothing there": {nil, []string{"postgres-dsn", "signing-keys"}},
		"no dsn":        {map[string]string{"signing-keys": key(32)}, []string{"postgres-dsn"}},
		"empty keys":    {map[string]string{"postgres-dsn": dsn, "signing-keys": " \n"}, []string{"signing-keys"}},
		"short key":     {map[string]string{"postgres-dsn": dsn, "signing-keys": key(32) + "\n" + key(31)}, []string{"signing-keys, line 2", "31"}},
		"not base64":    {map[string]string{"postgres-dsn": dsn, "signing-keys": "%%%"}, []string{"signing-keys, line 1"}},
		"huge":          {map[string]string{"postgres-dsn": strings.Repeat("x", 1<<17), "signing-keys": key(32)}, []string{"postgres-dsn"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadSecrets(writeSecrets(t, c.files))
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

func TestSigningKeysAlone(t *testing.T) {
	t.Parallel()
	keys, err := LoadSigningKeys(writeSecrets(t, map[string]string{"signing-keys": key(40)}))
	if err != nil || len(keys) != 1 || len(keys[0]) != 40 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
}
