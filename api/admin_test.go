package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// shell runs api admin as a shell does.
type shell struct{ secrets string }

func newShell(t *testing.T, dsn string) shell {
	t.Helper()
	dir := t.TempDir()
	for name, secret := range map[string]string{
		config.PostgresDSNFile: dsn, config.SigningKeysFile: base64.StdEncoding.EncodeToString(make([]byte, config.MinSigningKey)),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return shell{dir}
}

func (s shell) run(t *testing.T, args ...string) (printed string, err error) {
	t.Helper()
	var out bytes.Buffer
	parser, err := kong.New(&cli{Admin: adminCommand{out: &out}}, kong.Name("api"), kong.DefaultEnvars(config.Prefix))
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse(append(append([]string{"admin"}, args...), "--secrets", s.secrets))
	if err != nil {
		return "", err
	}
	command.BindTo(t.Context(), (*context.Context)(nil))
	err = command.Run()
	return out.String(), err
}

func (s shell) must(t *testing.T, args ...string) string {
	t.Helper()
	printed, err := s.run(t, args...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	return printed
}

func (s shell) fails(t *testing.T, want string, args ...string) {
	t.Helper()
	if _, err := s.run(t, args...); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v: %v, expected %q", args, err, want)
	}
}

// list decodes a thing a line.
func list[T any](t *testing.T, printed string) (things []T) {
	t.Helper()
	for line := range strings.Lines(printed) {
		var thing T
		if err := json.Unmarshal([]byte(line), &thing); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		things = append(things, thing)
	}
	return things
}

func TestAdminCommandsOfUsers(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route { return guilds.New(w.Store, w.Access, w.Presences).Routes() })
	s := newShell(t, w.DSN)
	ada, bob := w.User(t), w.User(t)
	bot := w.Bot(t, bob, 0)
	bob.Must(t, http.MethodPost, "/guilds", object{"name": "Home"}, nil)
	w.Exec(t, `update users set username = '815', email = 'ada@example.com' where id = $1`, ada.ID)

	s.must(t, "grant", "Ada@example.com")
	if admins := list[store.Account](t, s.must(t, "users", "--admins")); len(admins) != 1 || admins[0].ID != ada.ID {
		t.Errorf("%+v", admins)
	}
	s.must(t, "revoke", "815")
	s.must(t, "verify", ada.ID.String())
	if got := list[store.Account](t, s.must(t, "user", "815")); len(got) != 1 || got[0].Admin || !got[0].Verified {
		t.Errorf("%+v", got)
	}
	s.must(t, "suspend", bob.ID.String(), "--reason", "spam")
	if got := list[store.Account](t, s.must(t, "users", "--suspended")); len(got) != 1 || got[0].Suspension == nil || *got[0].Suspension != "spam" {
		t.Errorf("%+v", got)
	}
	s.must(t, "unsuspend", bob.ID.String())
	first := list[store.Account](t, s.must(t, "users", "--limit", "1"))
	if rest := list[store.Account](t, s.must(t, "users", "--after", first[0].ID.String())); len(rest) != 2 {
		t.Errorf("%d users behind the first of three", len(rest))
	}
	if path := s.must(t, "reset-password", "815"); !strings.HasPrefix(path, "/api/v10/auth/reset?token=") {
		t.Errorf("%q", path)
	}
	w.Exec(t, `update users set mfa_enabled = true where id = $1`, ada.ID)
	s.must(t, "disable-mfa", "815")

	if made := list[store.Export](t, s.must(t, "export", "815")); len(made) != 1 || made[0].State != "waiting" {
		t.Errorf("%+v", made)
	}
	s.fails(t, "has been asked for already", "export", "815")
	w.Exec(t, `update data_exports set state = 'ready', expires_at = now() + interval '1 day'`)
	if path := s.must(t, "exports", "815"); !strings.Contains(path, `"url":"/exports/`) {
		t.Errorf("%s", path)
	}

	s.fails(t, "there is no user nobody", "user", "nobody")
	s.fails(t, "there is no second factor of 815", "disable-mfa", "815")
	s.fails(t, "is a bot", "grant", bot.ID.String())
	s.fails(t, "owns guilds", "delete-user", bob.ID.String())
	s.fails(t, "is no id", "users", "--after", "x")
	s.must(t, "delete-user", "815")
	s.fails(t, "there is no user 815", "user", "815")
	s.fails(t, "deleted account", "delete-user", ada.ID.String())
}

func TestAdminCommandsOfTheRest(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route { return guilds.New(w.Store, w.Access, w.Presences).Routes() })
	s := newShell(t, w.DSN)
	user := w.User(t)
	var g discord.Guild
	user.Must(t, http.MethodPost, "/guilds", object{"name": "Home"}, &g)
	if got := list[store.Hosted](t, s.must(t, "guilds", "--query", "ho")); len(got) != 1 || got[0].ID != g.ID {
		t.Errorf("%+v", got)
	}
	s.must(t, "limits", "set", "--guild", g.ID.String(), "roles_per_guild", "7")
	for _, shown := range []string{s.must(t, "limits", "--guild", g.ID.String()), s.must(t, "limits", "log")} {
		if !strings.Contains(shown, `"roles_per_guild"`) || !strings.Contains(shown, ":7,") && !strings.Contains(shown, `"after":7`) {
			t.Errorf("%s", shown)
		}
	}
	if shown := s.must(t, "limits", "show", "--user", user.ID.String()); !strings.Contains(shown, `"file_size"`) || strings.Contains(shown, "roles") {
		t.Errorf("%s", shown)
	}
	s.must(t, "limits", "set", "roles_per_guild", "default")
	s.fails(t, "no such limit", "limits", "set", "roles", "7")
	s.fails(t, "neither a whole number", "limits", "set", "roles_per_guild", "many")
	s.fails(t, "there is no guild", "limits", "--guild", "1")
	s.must(t, "delete-guild", g.ID.String())
	s.fails(t, "there is no guild", "delete-guild", g.ID.String())

	made := list[store.Invitation](t, s.must(t, "invite", "--note", "for Bob", "--uses", "2", "--max-age", "1h"))
	if got := list[store.Invitation](t, s.must(t, "invitations")); len(got) != 1 || got[0].Code != made[0].Code || got[0].MaxUses != 2 {
		t.Errorf("%+v, made %+v", got, made)
	}
	s.must(t, "uninvite", made[0].Code)
	s.fails(t, "there is no invitation", "uninvite", made[0].Code)
	s.fails(t, "above zero", "invite", "--uses", "0")

	report := store.Report{ReporterID: user.ID, UserID: user.ID, Reason: "spam"}
	err := w.Store.Change(t.Context(), func(tx *store.Tx) (err error) {
		report.ID, err = tx.CreateReport(t.Context(), report, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := list[store.Report](t, s.must(t, "reports")); len(got) != 1 || got[0].ID != report.ID {
		t.Errorf("%+v", got)
	}
	s.must(t, "close-report", report.ID.String(), "--resolution", "nothing")
	s.fails(t, "there is no open report", "close-report", report.ID.String(), "--resolution", "nothing")
	if open, all := s.must(t, "reports"), list[store.Report](t, s.must(t, "reports", "--closed")); open != "" || len(all) != 1 {
		t.Errorf("open %q, all %+v", open, all)
	}
}
