package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Owner is the role that owns the database and all that is in it. Logins act as it, so that one can follow another.
const Owner = "guildhall"

// Login is a user and a password that the database is to accept.
type Login struct{ User, Password string }

// EnsureLogins makes the platform's database, its owner and these logins, and refuses all others that act as the owner. It
// changes nothing that is so already.
func EnsureLogins(ctx context.Context, conn *pgx.Conn, accepted []Login) error {
	if len(accepted) == 0 {
		return errors.New("nobody is to log in to Postgres")
	}
	if err := ensureOwner(ctx, conn); err != nil {
		return err
	}
	for _, login := range accepted {
		if err := ensureLogin(ctx, conn, login); err != nil {
			return err
		}
	}
	rows, err := conn.Query(ctx, `
		select r.rolname from pg_roles r where r.rolcanlogin and not r.rolsuper
		and (r.rolname = $1 or exists (
			select from pg_auth_members m where m.member = r.oid and m.roleid = (select oid from pg_roles where rolname = $1)))`, Owner)
	if err != nil {
		return fmt.Errorf("list logins: %w", err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list logins: %w", err)
	}
	for _, user := range users {
		if slices.ContainsFunc(accepted, func(l Login) bool { return l.User == user }) {
			continue
		}
		if _, err := conn.Exec(ctx, "alter role "+quote(user)+" nologin password null"); err != nil {
			return fmt.Errorf("retire login %s: %w", user, err)
		}
	}
	return nil
}

func ensureOwner(ctx context.Context, conn *pgx.Conn) error {
	var role, database, watches bool
	err := conn.QueryRow(ctx, `select exists (select from pg_roles where rolname = $1), exists (select from pg_database where datname = $2),
		exists (select from pg_auth_members where member = (select oid from pg_roles where rolname = $1) and roleid = 'pg_monitor'::regrole)`,
		Owner, Database).Scan(&role, &database, &watches)
	if err != nil {
		return fmt.Errorf("look for the database: %w", err)
	}
	if !role {
		if _, err := conn.Exec(ctx, "create role "+quote(Owner)+" nologin"); err != nil {
			return fmt.Errorf("create role %s: %w", Owner, err)
		}
	}
	if !watches { // else nobody sees how far the replicas are
		if _, err := conn.Exec(ctx, "grant pg_monitor to "+quote(Owner)); err != nil {
			return fmt.Errorf("grant pg_monitor to %s: %w", Owner, err)
		}
	}
	if !database {
		if _, err := conn.Exec(ctx, "create database "+quote(Database)+" owner "+quote(Owner)); err != nil {
			return fmt.Errorf("create database %s: %w", Database, err)
		}
	}
	return nil
}

func ensureLogin(ctx context.Context, conn *pgx.Conn, login Login) error {
	var good bool
	var verifier *string
	err := conn.QueryRow(ctx, `
		select r.rolcanlogin and (r.rolname = $2 or 'role=' || $2 = any (s.setconfig)) is true, r.rolpassword
		from pg_authid r left join pg_db_role_setting s on s.setrole = r.oid and s.setdatabase = 0
		where r.rolname = $1`, login.User, Owner).Scan(&good, &verifier)
	exists := true
	if errors.Is(err, pgx.ErrNoRows) {
		exists = false
	} else if err != nil {
		return fmt.Errorf("look for login %s: %w", login.User, err)
	}
	if good && verifier != nil && verifies(*verifier, login.Password) {
		return nil
	}
	hashed, err := newVerifier(login.Password)
	if err != nil {
		return err
	}
	user := quote(login.User)
	statements := []string{"alter role " + user + " login password '" + hashed + "'"} // base64, $ and : only
	if !exists {
		statements = []string{"create role " + user + " login in role " + quote(Owner) + " password '" + hashed + "'"}
	}
	if login.User != Owner {
		statements = append(statements, "alter role "+user+" set role to "+quote(Owner))
	}
	// All or nothing: whoever logs in acts as the owner.
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("ensure login %s: %w", login.User, err)
			}
		}
		return nil
	})
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
