package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// A database is backed up, written to and restored, under another ChatCluster, as it was at a moment after the backup.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	repository := v1alpha1.BackupRepository{VolumeClaimName: "backups"}
	c := create(t, v1alpha1.PostgresSpec{
		Instances:  ptr.To[int32](1),
		Backup:     &v1alpha1.BackupSpec{BackupRepository: repository, Schedule: "17 3 * * *", Keep: 2},
		Parameters: map[string]string{"archive_timeout": "1s"},
	})
	n := newNode(c, "postgres")
	c.condition(v1alpha1.ConditionBackupReady, metav1.ConditionTrue)
	if c.get().Status.Postgres.LastBackup == nil {
		t.Error("a backup was made at no time")
	}
	if failures := n.jobFailures.Load(); failures > 0 {
		t.Errorf("the first backup failed %d times before it was made", failures)
	}

	c.exec("create table written (what text)")
	c.exec("insert into written values ('before')")
	c.exec("select pg_sleep(1.1)") // a backup's end is known by the second, and what is restored has to be after it
	at := c.query("select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
	c.exec("insert into written values ('after')")
	c.archive(n)

	restored := create(t, v1alpha1.PostgresSpec{
		Instances: ptr.To[int32](2),
		Restore:   &v1alpha1.RestoreSpec{BackupRepository: repository, ClusterName: "chat", Time: at},
	})
	newNode(restored, "postgres", volume{"backups", n.volume("backups")})
	status := restored.postgresReady()
	if status.ReadyInstances != 2 {
		t.Errorf("%+v", status)
	}
	if have := restored.query("select string_agg(what, ' ') from written"); have != "before" {
		t.Errorf("restored to %s: %s", at, have)
	}
	restored.exec("insert into written values ('again')")

	// What can't be archived is said, and archived when it can be again.
	if err := os.Chmod(n.volume("backups"), 0); err != nil {
		t.Fatal(err)
	}
	c.exec("insert into written values ('unsafe')")
	if reason := c.condition(v1alpha1.ConditionBackupReady, metav1.ConditionFalse).Reason; reason != v1alpha1.ReasonBackupFailed {
		t.Errorf("reason %s", reason)
	}
	if err := os.Chmod(n.volume("backups"), 0o770); err != nil {
		t.Fatal(err)
	}
	c.condition(v1alpha1.ConditionBackupReady, metav1.ConditionTrue)
}

// archive waits until everything that was written is in the archive.
func (c *cluster) archive(n *node) {
	c.Helper()
	var secret corev1.Secret
	c.read("chat-postgres", &secret)
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", string(secret.Data["superuser-password"])),
		Host: net.JoinHostPort(n.addr(c.get().Status.Postgres.Primary), "5432"), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	ctx, cancel := context.WithTimeout(c.Context(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn.String())
	if err != nil {
		c.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var segment string
	if err := conn.QueryRow(ctx, "select pg_walfile_name(pg_switch_wal())").Scan(&segment); err != nil {
		c.Fatal(err)
	}
	within(c.T, func() string {
		var last string
		if err := conn.QueryRow(ctx, "select coalesce(last_archived_wal, '') from pg_stat_archiver").Scan(&last); err != nil {
			return err.Error()
		}
		if last < segment {
			return fmt.Sprintf("archived up to %s, not %s", last, segment)
		}
		return ""
	})
}
