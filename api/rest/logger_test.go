package rest

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestEveryLineNamesTheRequest(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(&named{slog.NewTextHandler(&out, nil), "abc"})
	logger.Info("plain")
	logger.With("k", 1).Info("with")
	logger.WithGroup("g").Info("grouped", "k", 1)
	for i, want := range []string{"msg=plain request=abc", "msg=with request=abc k=1", "msg=grouped request=abc g.k=1"} {
		if line := strings.Split(out.String(), "\n")[i]; !strings.Contains(line, want) {
			t.Errorf("%q has no %q", line, want)
		}
	}
}
