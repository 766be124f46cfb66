package accounts

import (
	"bytes"
	"net/http"
	"sync"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

func TestLoginDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	wrong := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": "another one"})
	nobody := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": "nobody@example.com", "password": "another one"})
	if wrong.Status != http.StatusBadRequest || wrong.Status != nobody.Status || !bytes.Equal(wrong.Body, nobody.Body) {
		t.Errorf("%d %s, %d %s", wrong.Status, wrong.Body, nobody.Status, nobody.Body)
	}
	if got := problems(t, wrong); got["login"] != "INVALID_LOGIN" || got["password"] != "INVALID_LOGIN" {
		t.Errorf("%v", got)
	}
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/login", map[string]any{"email": p.email, "password": goodPassword}, &got)
	if got.UserID != p.ID {
		t.Errorf("logged in as %s", got.UserID)
	}
}

func TestPasswordsCannotBeGuessedForLong(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	refused := false
	for range loginBucket.Limit + 1 {
		answer := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": "a guess"})
		refused = answer.Status == http.StatusTooManyRequests
	}
	if !refused {
		t.Error("the last guess was let through")
	}
	// Neither can the right one, but whoever is in stays in, and others get in.
	answer := w.Anyone().Do(t, http.MethodPost, "/auth/login", map[string]any{"login": p.email, "password": goodPassword})
	if answer.Status != http.StatusTooManyRequests {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	in(t, p)
	login(t, w, register(t, w).email)
}

func refresh(t *testing.T, w *apitest.World, token string) apitest.Answer {
	t.Helper()
	return w.Anyone().Do(t, http.MethodPost, "/auth/refresh", map[string]any{"refresh_token": token})
}

func mustRefresh(t *testing.T, w *apitest.World, p person) person {
	t.Helper()
	var got entry
	w.Anyone().Must(t, http.MethodPost, "/auth/refresh", map[string]any{"refresh_token": p.refresh}, &got)
	return as(w, got, p.email)
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	first := register(t, w)
	second := mustRefresh(t, w, first)
	if second.ID != first.ID || second.refresh == first.refresh || second.Authorization == "" {
		t.Errorf("%+v", second)
	}
	in(t, second)
	in(t, first) // its time is not over, and the login is the same
	in(t, mustRefresh(t, w, second))
}

func TestAReusedRefreshTokenEndsItsLogin(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	thief := register(t, w)
	other := login(t, w, thief.email)
	owner := mustRefresh(t, w, thief)

	if got := refresh(t, w, thief.refresh); got.Status != discord.ErrInvalidToken.Status {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	out(t, thief)
	out(t, owner)
	if got := refresh(t, w, owner.refresh); got.Status != http.StatusUnauthorized {
		t.Errorf("the latest refresh token still works: %d %s", got.Status, got.Body)
	}
	in(t, other)
	in(t, mustRefresh(t, w, other))
	if n := told(t, w, thief.ID, ended); n != 1 {
		t.Errorf("the gateway was told %d times", n)
	}
}

func TestOfTwoRefreshesAtOnceOneWins(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	var answers [2]apitest.Answer
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() { answers[i] = refresh(t, w, p.refresh) })
	}
	group.Wait()
	if a, b := answers[0].Status, answers[1].Status; min(a, b) != 200 || max(a, b) != 401 {
		t.Errorf("%d and %d", a, b)
	}
	out(t, p)
}

func TestAnOldAccessTokenDoesNotHinderARefresh(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	client := w.Anyone()
	client.Authorization = p.Authorization + "x"
	client.Must(t, http.MethodPost, "/auth/refresh", map[string]any{"refresh_token": p.refresh}, nil)
}

func TestRefreshTokensThatAreNone(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	p := register(t, w)
	for _, token := range []string{"x", p.Authorization, p.refresh + "x"} {
		if got := refresh(t, w, token); got.Status != http.StatusUnauthorized {
			t.Errorf("%q: %d %s", token, got.Status, got.Body)
		}
	}
	w.Exec(t, `update refresh_tokens set expires_at = now() - interval '1 second'`)
	if got := refresh(t, w, p.refresh); got.Status != http.StatusUnauthorized {
		t.Errorf("expired: %d %s", got.Status, got.Body)
	}
	in(t, p)
}

func TestLogoutEndsOneLoginAtOnce(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	phone := register(t, w)
	laptop := login(t, w, phone.email)
	in(t, phone)
	in(t, laptop)
	phone.Must(t, http.MethodPost, "/auth/logout", map[string]any{}, nil)
	out(t, phone)
	if got := refresh(t, w, phone.refresh); got.Status != http.StatusUnauthorized {
		t.Errorf("refreshed: %d %s", got.Status, got.Body)
	}
	in(t, laptop)
	in(t, mustRefresh(t, w, laptop))
}

func TestLoginsAreBounded(t *testing.T) {
	t.Parallel()
	w, _ := newWorld(t)
	oldest := register(t, w)
	in(t, oldest)
	w.Exec(t, `insert into auth_sessions (id, user_id) select $1::bigint + n, $2 from generate_series(1, 99) n`, w.Store.NewID(), oldest.ID)
	newest := login(t, w, oldest.email)
	out(t, oldest)
	in(t, newest)
}
