package monitoring

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	prometheus "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/hack/local/ports"
	"guildhall.chat/guildhall/hack/local/process"
	"guildhall.chat/guildhall/hack/local/scratch"
	"guildhall.chat/guildhall/monitoring/rules"
)

const (
	// beat is how often targets are read and rules evaluated.
	beat            = "1s"
	startTimeout    = time.Minute
	questionTimeout = 20 * time.Second
	poll            = 250 * time.Millisecond
)

// target is a process to read, with the labels that it has on Kubernetes.
type target struct {
	addr, chatcluster, component, pod string
	shard                             string // of a gateway pod
}

// server is a running Prometheus.
type server struct {
	url string
	api prometheus.API
}

// startPrometheus starts a Prometheus that reads the targets and evaluates the groups, until the test ends.
func startPrometheus(t *testing.T, targets []target, groups []rules.Group) *server {
	t.Helper()
	dir, err := scratch.New("prometheus")
	must(t, err)
	port, err := ports.Free()
	must(t, err)
	file, err := rules.File(groups)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir.Path, "rules.yaml"), file, 0o600))
	configuration, err := yaml.Marshal(configuration(targets))
	must(t, err)
	config := filepath.Join(dir.Path, "prometheus.yaml")
	must(t, os.WriteFile(config, configuration, 0o600))

	cmd := exec.Command("prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(dir.Path, "data"),
		"--web.listen-address", ports.Addr(port), "--log.level", "warn")
	cmd.ExtraFiles = []*os.File{dir.Lock}
	process.Bind(cmd, syscall.SIGKILL)
	log := filepath.Join(dir.Path, "log")
	s := &server{url: "http://" + ports.Addr(port)}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	must(t, process.Spawn(ctx, cmd, log, s.ready))
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the log of Prometheus ends:\n%s", process.Tail(log))
		}
		if err := dir.Remove(); err != nil {
			t.Error(err)
		}
	})
	client, err := promapi.NewClient(promapi.Config{Address: s.url})
	must(t, err)
	s.api = prometheus.NewAPI(client)
	return s
}

// configuration is what the ServiceMonitors of the chart and of a ChatCluster come to.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/
func configuration(targets []target) map[string]any {
	var jobs []map[string]any
	for i, target := range targets {
		labels := map[string]string{"namespace": namespace, "component": target.component, "pod": target.pod}
		if target.chatcluster != "" {
			labels["chatcluster"] = target.chatcluster
		}
		if target.shard != "" {
			labels["shard"] = target.shard
		}
		jobs = append(jobs, map[string]any{
			"job_name":       fmt.Sprintf("%s-%d", target.component, i),
			"honor_labels":   target.component == operatorComponent, // it says itself whose ChatCluster it speaks of
			"static_configs": []map[string]any{{"targets": []string{target.addr}, "labels": labels}},
		})
	}
	return map[string]any{
		"global":         map[string]string{"scrape_interval": beat, "scrape_timeout": beat, "evaluation_interval": beat},
		"rule_files":     []string{"rules.yaml"},
		"scrape_configs": jobs,
	}
}

func (s *server) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/-/ready", http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("/-/ready: %s", response.Status)
	}
	return nil
}

// query asks for an expression as it is now, and says how many series it has.
func (s *server) query(ctx context.Context, expr string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	value, warnings, _, err := s.api.Query(ctx, expr, time.Time{})
	if err != nil {
		return 0, err
	}
	if len(warnings) > 0 {
		return 0, fmt.Errorf("warnings: %v", warnings)
	}
	switch value := value.(type) {
	case model.Vector:
		return len(value), nil
	case *model.Scalar:
		return 1, nil
	default:
		return 0, fmt.Errorf("a %v is nothing to show", value.Type())
	}
}

// firing counts the alerts that fire, by name.
func (s *server) alerts(ctx context.Context) (map[string][]model.LabelSet, error) {
	ctx, cancel := context.WithTimeout(ctx, questionTimeout)
	defer cancel()
	result, err := s.api.Alerts(ctx)
	if err != nil {
		return nil, err
	}
	firing := map[string][]model.LabelSet{}
	for _, alert := range result.Alerts {
		if alert.State == prometheus.AlertStateFiring {
			name := string(alert.Labels[model.AlertNameLabel])
			firing[name] = append(firing[name], alert.Labels)
		}
	}
	return firing, nil
}
