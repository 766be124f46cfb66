package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"

	"guildhall.chat/guildhall/internal/metrics"
)

var (
	ready = metrics.NewReading(metrics.Gauge, "guildhall_ready",
		"1 while the process passes the readiness check, else 0, by check. It is made when it is scraped.", "check")
	built = metrics.NewReading(metrics.Gauge, "guildhall_build_info",
		"Always 1; the version is that of the program's source.", "version")
	records = metrics.NewCounters("guildhall_log_records_total",
		"Lines that were logged, by level: debug, info, warn, error.", "level")

	debugRecords = records.WithLabelValues("debug")
	infoRecords  = records.WithLabelValues("info")
	warnRecords  = records.WithLabelValues("warn")
	errorRecords = records.WithLabelValues("error")
)

func countRecord(level slog.Level) {
	switch {
	case level >= slog.LevelError:
		errorRecords.Inc()
	case level >= slog.LevelWarn:
		warnRecords.Inc()
	case level >= slog.LevelInfo:
		infoRecords.Inc()
	default:
		debugRecords.Inc()
	}
}

// tell makes the checks, which takes readyTimeout at most.
func (r *readiness) tell(tell metrics.Tell) {
	for name, err := range r.results(context.Background()) {
		passes := 1.0
		if err != nil {
			passes = 0
		}
		tell(passes, name)
	}
}

func tellBuild(tell metrics.Tell) { tell(1, version()) }

// version is the revision that the program was built from or, where that is not known, the module's version.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return cmp.Or(info.Main.Version, "unknown")
}
