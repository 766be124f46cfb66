package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// world has an administrator.
type world struct {
	*apitest.World
	admin *apitest.Client
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		w.Public = New(w.Store, w.Access, w.Authenticator).Routes()
		return append(users.New(w.Store, w.Presences).Routes(), guilds.New(w.Store, w.Access, w.Presences).Routes()...)
	})
	admin := w.User(t)
	if err := NewService(w.Store, w.Authenticator.Changed).SetAdmin(t.Context(), admin.ID, true); err != nil {
		t.Fatal(err)
	}
	return world{w, admin}
}

// do makes a request below the prefix, and decodes a success into out.
func (w world) do(t *testing.T, as *apitest.Client, method, path, body string, out any) int {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, prefix+path, strings.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", as.Authorization)
	recorder := httptest.NewRecorder()
	w.Handler().ServeHTTP(recorder, request)
	if out != nil {
		if err := json.Unmarshal(recorder.Body.Bytes(), out); err != nil {
			t.Errorf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
		}
	}
	return recorder.Code
}

func (w world) is(t *testing.T, want int, as *apitest.Client, method, path, body string) {
	t.Helper()
	if got := w.do(t, as, method, path, body, nil); got != want {
		t.Errorf("%s %s: %d, expected %d", method, path, got, want)
	}
}

func TestOnlyAdministratorsAdminister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	bot := w.Bot(t, w.admin, 0)
	for _, route := range New(w.Store, w.Access, w.Authenticator).Routes() {
		path := strings.TrimPrefix(route.Path, prefix)
		if !strings.HasPrefix(path, "/admin/") {
			continue
		}
		for parameter, value := range map[string]string{":user_id": user.ID.String(), ":guild_id": "1", ":report_id": "1", ":code": "x"} {
			path = strings.ReplaceAll(path, parameter, value)
		}
		w.is(t, http.StatusForbidden, user, route.Method, path, `{"reason":"x","resolution":"x"}`)
		w.is(t, http.StatusForbidden, bot, route.Method, path, `{"reason":"x","resolution":"x"}`)
		w.is(t, http.StatusUnauthorized, w.Anyone(), route.Method, path, `{"reason":"x","resolution":"x"}`)
	}
	user.Must(t, http.MethodGet, "/users/@me", nil, nil) // nothing of it was done
	if err := NewService(w.Store, w.Authenticator.Changed).SetAdmin(t.Context(), w.admin.ID, false); err != nil {
		t.Fatal(err)
	}
	w.is(t, http.StatusForbidden, w.admin, http.MethodGet, "/admin/users", "")
}

func TestSuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	bot := w.Bot(t, user, 0)
	user.Must(t, http.MethodGet, "/users/@me", nil, nil)
	bot.Must(t, http.MethodGet, "/users/@me", nil, nil)
	path := "/admin/users/" + user.ID.String()
	w.is(t, http.StatusBadRequest, w.admin, http.MethodPost, path+"/suspend", `{}`)
	w.is(t, http.StatusBadRequest, w.admin, http.MethodPost, "/admin/users/"+w.admin.ID.String()+"/suspend", `{"reason":"x"}`)
	w.is(t, http.StatusNotFound, w.admin, http.MethodPost, "/admin/users/1/suspend", `{"reason":"x"}`)
	w.is(t, http.StatusNoContent, w.admin, http.MethodPost, path+"/suspend", `{"reason":"spam"}`)

	user.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	bot.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	for _, log := range []snowflake.ID{user.ID, bot.ID} {
		if evs := w.Events(t, log, 0); len(evs) != 1 || evs[0].Head.Type != events.CredentialsChanged {
			t.Errorf("the gateway was told %v", evs)
		}
	}
	var shown store.Account
	w.do(t, w.admin, http.MethodGet, path, "", &shown)
	if shown.SuspendedAt == nil || shown.Suspension == nil || *shown.Suspension != "spam" {
		t.Errorf("%+v", shown)
	}
	var list []store.Account
	w.do(t, w.admin, http.MethodGet, "/admin/users?suspended=true", "", &list)
	if len(list) != 1 || list[0].ID != user.ID {
		t.Errorf("%+v", list)
	}
	w.is(t, http.StatusNoContent, w.admin, http.MethodPost, path+"/unsuspend", "")
	bot.Must(t, http.MethodGet, "/users/@me", nil, nil)
	user.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized) // logins stay ended
}

// What the command line does is told to Redis later, by the worker.
func TestChangesByTheCommandLineAreKeptUntilTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	if err := w.Store.EpochsTold(t.Context(), untold(t, w)); err != nil {
		t.Fatal(err)
	}
	service := NewService(w.Store, nil)
	if err := service.Suspend(t.Context(), user.ID, "spam"); err != nil {
		t.Fatal(err)
	}
	first := untold(t, w)
	if len(first) != 1 || first[0].User != user.ID {
		t.Fatalf("%v", first)
	}
	if err := service.Unsuspend(t.Context(), user.ID); err != nil {
		t.Fatal(err)
	}
	// What was told is behind the account by now.
	if err := w.Store.EpochsTold(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second := untold(t, w)
	if len(second) != 1 || second[0].Epoch <= first[0].Epoch {
		t.Fatalf("%v after %v", second, first)
	}
	if err := w.Store.EpochsTold(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if rest := untold(t, w); len(rest) != 0 {
		t.Errorf("%v", rest)
	}
}

func TestNewsIsNotLostWhileEarlierNewsIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	if err := NewService(w.Store, nil).Suspend(t.Context(), user.ID, "spam"); err != nil {
		t.Fatal(err)
	}
	first := untold(t, w)
	err := w.Store.Change(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.Unsuspend(t.Context(), user.ID); err != nil {
			return err
		}
		// This can't end before the change does, so it is broken off.
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if err := w.Store.EpochsTold(short, first); err == nil {
			t.Error("told what is about to change")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// The administrator of the world may be among them.
	epochOf := func(list []store.AccountEpoch) (epoch int64) {
		for _, a := range list {
			if a.User == user.ID {
				epoch = a.Epoch
			}
		}
		return epoch
	}
	if second := untold(t, w); epochOf(second) <= epochOf(first) {
		t.Errorf("%v after %v", second, first)
	}
}

func untold(t *testing.T, w world) []store.AccountEpoch {
	t.Helper()
	list, err := w.Store.UntoldEpochs(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestListsGoOnBehindTheLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 4 {
		w.User(t)
	}
	var seen []snowflake.ID
	after := snowflake.ID(0)
	for {
		var list []store.Account
		w.do(t, w.admin, http.MethodGet, "/admin/users?query=USER&limit=2&after="+after.String(), "", &list)
		if len(list) == 0 {
			break
		}
		for _, a := range list {
			seen = append(seen, a.ID)
			after = a.ID
		}
	}
	if len(seen) != 5 {
		t.Errorf("%d users", len(seen))
	}
	var none []store.Account
	if w.do(t, w.admin, http.MethodGet, "/admin/users?query=%25", "", &none); len(none) != 0 {
		t.Errorf("a wildcard found %d users", len(none))
	}
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, friend := w.User(t), w.User(t)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Home"}, &g)
	w.Join(t, g.ID, friend)
	w.Exec(t, `insert into relationships (user_id, other_id, type) values ($1, $2, 1), ($2, $1, 1)`, owner.ID, friend.ID)
	w.is(t, http.StatusBadRequest, w.admin, http.MethodDelete, "/admin/users/"+owner.ID.String(), "")
	owner.Must(t, http.MethodGet, "/users/@me", nil, nil)

	w.is(t, http.StatusNoContent, w.admin, http.MethodDelete, "/admin/users/"+friend.ID.String(), "")
	friend.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	leaving, err := w.Store.Leaving(t.Context(), 10)
	if err != nil || len(leaving) != 1 || leaving[0] != friend.ID {
		t.Fatalf("%v, %v", leaving, err)
	}
	if err := w.Store.LeaveAll(t.Context(), friend.ID); err != nil {
		t.Fatal(err)
	}
	if leaving, err := w.Store.Leaving(t.Context(), 10); err != nil || len(leaving) != 0 {
		t.Errorf("%v, %v", leaving, err)
	}
	told := map[string]bool{}
	for _, e := range append(w.Events(t, g.ID, 0), w.Events(t, owner.ID, 0)...) {
		told[e.Head.Type] = true
	}
	if !told[discord.EventGuildMemberRemove] || !told[discord.EventRelationshipRemove] {
		t.Errorf("%v", told)
	}
	u, err := w.Store.User(t.Context(), friend.ID)
	if err != nil || u.GlobalName == nil || *u.GlobalName != "Deleted User" {
		t.Errorf("%+v, %v", u, err)
	}
	w.is(t, http.StatusNotFound, w.admin, http.MethodDelete, "/admin/users/"+friend.ID.String(), "")

	w.is(t, http.StatusNoContent, w.admin, http.MethodDelete, "/admin/guilds/"+g.ID.String(), "")
	w.is(t, http.StatusNotFound, w.admin, http.MethodDelete, "/admin/guilds/"+g.ID.String(), "")
	w.is(t, http.StatusNoContent, w.admin, http.MethodDelete, "/admin/users/"+owner.ID.String(), "")
}

func TestInvitationsToRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.is(t, http.StatusBadRequest, w.admin, http.MethodPost, "/admin/invitations", `{"max_uses":0,"max_age":-1}`)
	var made store.Invitation
	w.do(t, w.admin, http.MethodPost, "/admin/invitations", `{"note":"for Ada"}`, &made)
	if made.Code == "" || made.MaxUses != 1 || made.CreatorID == nil || !made.ExpiresAt.After(time.Now()) {
		t.Errorf("%+v", made)
	}
	var list []store.Invitation
	if w.do(t, w.admin, http.MethodGet, "/admin/invitations", "", &list); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	w.is(t, http.StatusNoContent, w.admin, http.MethodDelete, "/admin/invitations/"+made.Code, "")
	w.is(t, http.StatusNotFound, w.admin, http.MethodDelete, "/admin/invitations/"+made.Code, "")
}

func TestReports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reporter, about := w.User(t), w.User(t)
	w.is(t, http.StatusBadRequest, reporter, http.MethodPost, "/reports", `{"reason":"rude"}`)
	w.is(t, http.StatusBadRequest, reporter, http.MethodPost, "/reports", `{"message_id":"1","reason":"rude"}`)
	w.is(t, http.StatusNotFound, reporter, http.MethodPost, "/reports", `{"message_id":"1","channel_id":"1","reason":"rude"}`)
	w.is(t, http.StatusNotFound, reporter, http.MethodPost, "/reports", `{"user_id":"1","reason":"rude"}`)
	w.is(t, http.StatusCreated, reporter, http.MethodPost, "/reports", `{"user_id":"`+about.ID.String()+`","reason":"rude"}`)
	var list []store.Report
	w.do(t, w.admin, http.MethodGet, "/admin/reports", "", &list)
	if len(list) != 1 || list[0].UserID != about.ID || list[0].ReporterID != reporter.ID || list[0].Reason != "rude" {
		t.Fatalf("%+v", list)
	}
	closing := "/admin/reports/" + list[0].ID.String() + "/close"
	w.is(t, http.StatusBadRequest, w.admin, http.MethodPost, closing, `{}`)
	w.is(t, http.StatusNoContent, w.admin, http.MethodPost, closing, `{"resolution":"talked to them"}`)
	w.is(t, http.StatusNotFound, w.admin, http.MethodPost, closing, `{"resolution":"again"}`)
	if w.do(t, w.admin, http.MethodGet, "/admin/reports", "", &list); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	if w.do(t, w.admin, http.MethodGet, "/admin/reports?closed=true", "", &list); len(list) != 1 || list[0].ClosedBy == nil {
		t.Errorf("%+v", list)
	}
}

func TestPasswordReset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	var reset struct{ Token, Path string }
	w.do(t, w.admin, http.MethodPost, "/admin/users/"+user.ID.String()+"/reset-password", "", &reset)
	if reset.Token == "" || !strings.HasSuffix(reset.Path, reset.Token) {
		t.Errorf("%+v", reset)
	}
	user.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	w.is(t, http.StatusNotFound, w.admin, http.MethodPost, "/admin/users/1/reset-password", "")
}

func TestExports(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	bot := w.Bot(t, user, 0)
	path := "/admin/users/" + user.ID.String() + "/exports"
	w.is(t, http.StatusAccepted, w.admin, http.MethodPost, path, "")
	w.is(t, http.StatusTooManyRequests, w.admin, http.MethodPost, path, "")
	w.is(t, http.StatusNotFound, w.admin, http.MethodPost, "/admin/users/"+bot.ID.String()+"/exports", "")
	var told []struct {
		State   string       `json:"state"`
		AskedBy snowflake.ID `json:"asked_by"`
		URL     *string      `json:"url"`
	}
	w.do(t, w.admin, http.MethodGet, path, "", &told)
	if len(told) != 1 || told[0].State != "waiting" || told[0].AskedBy != w.admin.ID || told[0].URL != nil {
		t.Errorf("%+v", told)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	found := func(name string) apitest.Answer {
		return user.Do(t, http.MethodPost, "/guilds", map[string]any{"name": name})
	}
	var hall struct {
		ID snowflake.ID `json:"id"`
	}
	user.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &hall)
	limits := func(path string) map[string]LimitTold {
		var list []LimitTold
		w.do(t, w.admin, http.MethodGet, path, "", &list)
		told := map[string]LimitTold{}
		for _, l := range list {
			told[l.Name] = l
		}
		return told
	}
	own := "/admin/users/" + user.ID.String() + "/limits"
	if got := limits(own)["guilds_per_user"]; got.Value != 100 || got.Set != nil {
		t.Errorf("at first: %+v", got)
	}
	// The instance's limit holds for all, but for whom there is an own one.
	w.is(t, http.StatusOK, w.admin, http.MethodPatch, "/admin/limits", `{"guilds_per_user":1}`)
	if got := found("Second"); got.Status != http.StatusBadRequest {
		t.Errorf("beyond the limit: %d %s", got.Status, got.Body)
	}
	w.is(t, http.StatusOK, w.admin, http.MethodPatch, own, `{"guilds_per_user":2}`)
	if got := found("Second"); got.Status != http.StatusCreated {
		t.Errorf("within an own limit: %d %s", got.Status, got.Body)
	}
	if got := limits(own)["guilds_per_user"]; got.Value != 2 || got.Set == nil {
		t.Errorf("set: %+v", got)
	}
	w.is(t, http.StatusOK, w.admin, http.MethodPatch, own, `{"guilds_per_user":null}`)
	if got := found("Third"); got.Status != http.StatusBadRequest || limits(own)["guilds_per_user"].Value != 1 {
		t.Errorf("the own limit is still there: %d", got.Status)
	}
	if _, ok := limits("/admin/guilds/" + hall.ID.String() + "/limits")["channels_per_guild"]; !ok {
		t.Error("a guild has no limit of channels")
	}
	for path, bodies := range map[string][]string{
		own:             {`{"channels_per_guild":1}`, `{"guilds_per_user":-1}`, `{"guilds_per_user":1001}`, `{"guilds_per_user":"x"}`, `[]`, `{"x":1}`},
		"/admin/limits": {`{"file_size":1.5}`, `{"file_size":99999999999999999999}`},
	} {
		for _, body := range bodies {
			w.is(t, http.StatusBadRequest, w.admin, http.MethodPatch, path, body)
		}
	}
	for _, path := range []string{"/admin/users/1/limits", "/admin/guilds/1/limits"} {
		w.is(t, http.StatusNotFound, w.admin, http.MethodGet, path, "")
	}
	w.is(t, http.StatusNotFound, w.admin, http.MethodPatch, "/admin/guilds/1/limits", `{"roles_per_guild":1}`)
	var changes []store.LimitChange
	w.do(t, w.admin, http.MethodGet, "/admin/limits/changes", "", &changes)
	if len(changes) != 3 || changes[0].Target != 0 || changes[2].Before == nil || *changes[2].Before != 2 || changes[2].After != nil ||
		changes[2].By == nil || *changes[2].By != w.admin.ID {
		t.Errorf("%+v", changes)
	}
}
