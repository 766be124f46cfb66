package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"guildhall.chat/guildhall/hack/kubernetes/images"
)

// The images run under the strictest pod security, with a read-only root.

func TestImageOfGuildhallHasEveryProgram(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	for _, image := range []string{images.Guildhall, images.GuildhallNext} {
		for _, program := range []string{"api", "gateway", "shard-router", "operator"} {
			name := program + "-" + strings.TrimPrefix(image, "guildhall:")
			n.apply("testdata/program.yaml", map[string]string{"Name": name, "Image": image, "Program": "/" + program})
			n.eventually("/"+program+" of "+image+" has shown its help", func(ctx context.Context) error {
				var job batchv1.Job
				if err := n.get(ctx, name, &job); err != nil {
					return err
				}
				if job.Status.Succeeded == 0 {
					return fmt.Errorf("it has not ended well: %+v", job.Status)
				}
				return nil
			})
			help, err := n.kubectl("logs", "job/"+name)
			if err != nil || !strings.Contains(help, "Usage: "+program) {
				t.Errorf("/%s --help: %v: %s", program, err, help)
			}
		}
	}
}

func TestRedisAnswersAtItsServiceAndKeepsItsData(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	n.apply("testdata/redis.yaml", map[string]string{"Image": images.Redis})
	n.podReady("redis-0")
	cli := func(args ...string) (string, error) {
		return n.exec("redis-0", "redis", append([]string{"redis-cli", "-h", "redis"}, args...)...)
	}
	n.eventually("it answers at its Service", func(context.Context) error {
		if answer, err := cli("ping"); err != nil || answer != "PONG" {
			return fmt.Errorf("%q: %w", answer, err)
		}
		return nil
	})
	if output, err := cli("set", "kept", "by the volume"); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if output, err := n.kubectl("delete", "pod", "redis-0", "--wait"); err != nil {
		t.Fatalf("delete the pod: %v: %s", err, output)
	}
	n.podReady("redis-0")
	n.eventually("the new pod has the old one's data", func(context.Context) error {
		if value, err := cli("get", "kept"); err != nil || value != "by the volume" {
			return fmt.Errorf("it has %q: %w", value, err)
		}
		return nil
	})
}

func TestPatroniElectsAPrimary(t *testing.T) {
	t.Parallel()
	n := newNamespace(t)
	n.apply("testdata/patroni.yaml", map[string]string{"Image": images.Postgres})
	n.podReady("pg-0")
	sql := func(statement string) (string, error) {
		return n.exec("pg-0", "patroni", "psql", "--host", "pg", "--username", "postgres", "--no-align", "--tuples-only", "--quiet", "--command", statement)
	}
	n.eventually("the primary takes writes at its Service", func(context.Context) error {
		output, err := sql("CREATE TABLE IF NOT EXISTS kept (n int)")
		if err != nil {
			return fmt.Errorf("%w: %s", err, output)
		}
		return nil
	})
	if output, err := sql("INSERT INTO kept VALUES (7)"); err != nil {
		t.Fatalf("insert: %v: %s", err, output)
	}
	if output, err := n.kubectl("delete", "pod", "pg-0", "--wait"); err != nil {
		t.Fatalf("delete the pod: %v: %s", err, output)
	}
	n.podReady("pg-0")
	n.eventually("the new pod has the old one's data", func(context.Context) error {
		if rows, err := sql("SELECT n FROM kept"); err != nil || rows != "7" {
			return fmt.Errorf("it has %q: %w", rows, err)
		}
		return nil
	})
	for _, program := range []string{"pg_basebackup", "tar", "gzip", "zstd", "curl"} {
		if output, err := n.exec("pg-0", "patroni", program, "--version"); err != nil {
			t.Errorf("%s: %v: %s", program, err, output)
		}
	}
}
