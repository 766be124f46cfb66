package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// postgresReady waits until Postgres is as the spec says now, and returns its status.
func (c *cluster) postgresReady() *v1alpha1.PostgresStatus {
	c.Helper()
	c.condition(v1alpha1.ConditionPostgresReady, metav1.ConditionTrue)
	return c.get().Status.Postgres
}

// connect connects as the platform does: by its DSN, at the primary's Service.
func (c *cluster) connect(ctx context.Context) (*pgx.Conn, error) {
	var secret corev1.Secret
	if err := k8s.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: "chat-postgres"}, &secret); err != nil {
		return nil, err
	}
	var endpoints corev1.Endpoints //nolint:staticcheck // deprecated, but it is these that Patroni writes
	if err := k8s.Get(ctx, client.ObjectKey{Namespace: c.namespace, Name: "chat-postgres"}, &endpoints); err != nil {
		return nil, err
	}
	if len(endpoints.Subsets) == 0 {
		return nil, errors.New("the Service leads nowhere")
	}
	dsn, err := url.Parse(string(secret.Data["postgres-dsn"]))
	if err != nil {
		return nil, err
	}
	dsn.Host = net.JoinHostPort(endpoints.Subsets[0].Addresses[0].IP, dsn.Port())
	dsn.RawQuery = "connect_timeout=3&sslmode=disable"
	return pgx.Connect(ctx, dsn.String())
}

// query returns the only value of a statement.
func (c *cluster) query(statement string, arguments ...any) (value string) {
	c.Helper()
	within(c.T, func() string {
		ctx, cancel := context.WithTimeout(c.Context(), 10*time.Second)
		defer cancel()
		conn, err := c.connect(ctx)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = conn.Close(ctx) }()
		if err := conn.QueryRow(ctx, statement, arguments...).Scan(&value); err != nil {
			return err.Error()
		}
		return ""
	})
	return value
}

// writer writes rows until it is told to stop, and knows which were acknowledged.
type writer struct {
	stop  func()
	acked []int32
}

func (c *cluster) write() *writer {
	c.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w := &writer{}
	var worker sync.WaitGroup
	w.stop = func() {
		cancel()
		worker.Wait()
	}
	worker.Go(func() {
		var conn *pgx.Conn
		for n := int32(1); ctx.Err() == nil; n++ {
			attempt, done := context.WithTimeout(ctx, 3*time.Second)
			var err error
			if conn == nil {
				conn, err = c.connect(attempt)
			}
			if err == nil {
				_, err = conn.Exec(attempt, "insert into written values ($1)", n)
			}
			if err == nil {
				w.acked = append(w.acked, n)
			} else if conn != nil {
				_ = conn.Close(ctx)
				conn = nil
			}
			done()
			select {
			case <-time.After(10 * time.Millisecond):
			case <-ctx.Done():
			}
		}
		if conn != nil {
			_ = conn.Close(context.Background())
		}
	})
	c.Cleanup(w.stop)
	return w
}

// check ends the writer and looks for every row that was acknowledged.
func (w *writer) check(c *cluster) {
	c.Helper()
	w.stop()
	if len(w.acked) < 100 {
		c.Fatalf("%d rows were written", len(w.acked))
	}
	if lost := c.query("select count(*)::text from unnest($1::int[]) n where not exists (select from written w where w.n = n.n)", w.acked); lost != "0" {
		c.Errorf("%s of %d acknowledged rows are lost", lost, len(w.acked))
	}
}

// exec runs a statement as the platform.
func (c *cluster) exec(statement string) {
	c.Helper()
	conn, err := c.connect(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close(c.Context()) }()
	if _, err := conn.Exec(c.Context(), statement); err != nil {
		c.Fatal(err)
	}
}

func podNames(c *cluster) []string { return c.names(&corev1.PodList{}) }

func podUID(c *cluster, name string) string {
	var pod corev1.Pod
	c.read(name, &pod)
	return string(pod.UID)
}

// A managed Postgres from its making on, through everything that is done to it and that happens to it, while somebody writes
// all the time: what was acknowledged is never lost.
func TestManagedPostgres(t *testing.T) {
	t.Parallel()
	c := create(t, v1alpha1.PostgresSpec{Instances: ptr.To[int32](3)})
	n := newNode(c, "postgres")
	status := c.postgresReady()
	if status.ReadyInstances != 3 || status.SynchronousStandbys != 1 || status.Summary != "3/3" {
		t.Fatalf("%+v", status)
	}
	c.exec("create table written (n int)")
	if owner := c.query("select tableowner::text from pg_tables where tablename = 'written'"); owner != "guildhall" {
		t.Errorf("the table belongs to %s", owner)
	}
	within(t, func() string { // which only those who may watch see
		return differ(c.query("select count(replay_lsn)::text from pg_stat_replication"), "2")
	})
	w := c.write()

	step := func(name string, do func()) {
		start := time.Now()
		do()
		t.Logf("%s: %v", name, time.Since(start).Round(100*time.Millisecond))
	}
	step("a parameter that is reloaded", func() {
		before := podUID(c, c.get().Status.Postgres.Primary)
		c.update(func(s *v1alpha1.ChatClusterSpec) { s.Postgres.Parameters = map[string]string{"work_mem": "5MB"} })
		within(t, func() string { return differ(c.query("show work_mem"), "5MB") })
		if podUID(c, c.get().Status.Postgres.Primary) != before {
			t.Error("a pod was replaced for it")
		}
	})
	for _, value := range []string{"300", "150"} { // a standby must never have less than the primary
		step("max_connections="+value, func() {
			c.update(func(s *v1alpha1.ChatClusterSpec) { s.Postgres.Parameters = map[string]string{"max_connections": value} })
			within(t, func() string { return differ(c.query("show max_connections"), value) })
			c.postgresReady()
		})
	}
	step("a change of the pods", func() {
		uids := map[string]string{}
		for _, name := range podNames(c) {
			uids[name] = podUID(c, name)
		}
		c.update(func(s *v1alpha1.ChatClusterSpec) {
			s.Postgres.Pods.Annotations = map[string]string{"example.com/round": "2"}
		})
		within(t, func() string {
			for name, uid := range uids {
				var pod corev1.Pod
				if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: c.namespace, Name: name}, &pod); err != nil || string(pod.UID) == uid {
					return name + " is the one of before"
				}
			}
			return ""
		})
		if status := c.postgresReady(); status.Primary == "" || status.ReadyInstances != 3 {
			t.Errorf("%+v", status)
		}
	})
	step("a primary that is killed", func() {
		before := c.get().Status.Postgres.Primary
		n.kill(before)
		within(t, func() string {
			if now := c.get().Status.Postgres.Primary; now == "" || now == before && c.get().Status.Postgres.ReadyInstances == 3 {
				return "no failover yet: " + now
			}
			return ""
		})
		c.postgresReady()
	})
	step("a lost volume", func() {
		standby := ""
		for _, name := range podNames(c) {
			if name != c.get().Status.Postgres.Primary {
				standby = name
			}
		}
		n.lose(standby, "data-"+standby)
		within(t, func() string {
			if c.get().Status.Postgres.ReadyInstances == 3 {
				return "nobody misses it"
			}
			return ""
		})
		c.postgresReady()
	})
	step("one instance less", func() {
		c.update(func(s *v1alpha1.ChatClusterSpec) { s.Postgres.Instances = ptr.To[int32](2) })
		c.postgresReady()
		within(t, func() string { return differ(strings.Join(podNames(c), " "), "chat-postgres-0 chat-postgres-1") })
		within(t, func() string {
			return differ(strings.Join(c.names(&corev1.PersistentVolumeClaimList{}), " "), "data-chat-postgres-0 data-chat-postgres-1")
		})
	})
	step("an instance more", func() {
		c.update(func(s *v1alpha1.ChatClusterSpec) { s.Postgres.Instances = ptr.To[int32](3) })
		within(t, func() string {
			if status := c.get().Status.Postgres; status.ReadyInstances != 3 {
				return fmt.Sprintf("%+v", status)
			}
			return ""
		})
		c.postgresReady()
	})
	step("another password", func() { c.rotatePostgresPassword() })
	w.check(c)
}

// rotatePostgresPassword has everything else be ready, so that the rotation goes on, until only the new login is good.
func (c *cluster) rotatePostgresPassword() {
	c.Helper()
	login := func() string { return c.query("select session_user::text") }
	before := login()
	c.update(func(s *v1alpha1.ChatClusterSpec) { s.Rotation.PostgresPassword++ })
	within(c.T, func() string {
		c.readyOthers()
		if now := login(); now == before {
			return "still " + now
		}
		return ""
	})
	within(c.T, func() string {
		c.readyOthers()
		return differ(c.query("select rolcanlogin::text from pg_roles where rolname = $1", before), "false")
	})
}
