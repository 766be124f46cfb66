package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
)

// maxLevelText bounds the body of PUT /log/level, in bytes.
const maxLevelText = 64

func tellLevel(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprintln(w, strings.ToLower(level.Level().String()))
}

// setLevel changes the level of the process's logs to what the body says: debug, info, warn or error. Only who is on the machine
// or in the pod may, as by kubectl port-forward: the port itself is open to whoever collects metrics.
func (a *Admin) setLevel(w http.ResponseWriter, r *http.Request) {
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !from.Addr().Unmap().IsLoopback() {
		http.Error(w, "the level is changed from the process's own machine or pod only", http.StatusForbidden)
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLevelText))
	var wanted slog.Level
	if err == nil {
		err = wanted.UnmarshalText([]byte(strings.TrimSpace(string(text))))
	}
	if err != nil {
		http.Error(w, "the body must be debug, info, warn or error", http.StatusBadRequest)
		return
	}
	level.Set(wanted)
	a.log.Info("log level changed", "level", wanted)
	tellLevel(w, r)
}
