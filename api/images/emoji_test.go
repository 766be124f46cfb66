package images

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestServeEmoji(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s, err := store.Open(ctx, pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	handler, err := rest.New(rest.Config{Logger: slog.New(slog.DiscardHandler), Public: New(s, picture.NewScaler()).Routes()})
	must(t, err)
	get := func(path, etag string) *http.Response {
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
		request.Header.Set("If-None-Match", etag)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Result()
	}
	file := gifOf(t, 2)
	picture, err := Check("image", file)
	must(t, err)
	user, guild := s.NewID(), s.NewID()
	owner := store.EmojiOwner{Guild: guild}
	emoji := discord.Emoji{ID: s.NewID(), Name: "party", Roles: []snowflake.ID{}, User: &discord.User{ID: user}}
	must(t, s.Change(ctx, func(tx *store.Tx) error {
		if err := tx.NewLog(ctx, user); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into users (id, username) values ($1, 'artist')`, user); err != nil {
			return err
		}
		everyone := discord.Role{ID: guild, Name: "@everyone"}
		hall := discord.Guild{ID: guild, OwnerID: user, Name: "Hall", PreferredLocale: "en-US", Features: []string{}, Roles: []discord.Role{everyone}}
		if _, err := tx.CreateGuild(ctx, hall, nil); err != nil {
			return err
		}
		return tx.CreateEmoji(ctx, owner, emoji, picture)
	}))
	path := "/emojis/" + emoji.ID.String()
	got := get(path+".gif", "")
	if body, _ := io.ReadAll(got.Body); got.StatusCode != http.StatusOK || !bytes.Equal(body, file) || got.Header.Get("Content-Type") != "image/gif" {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
	if again := get(path+".gif", got.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with its ETag: %d", again.StatusCode)
	}
	if still := get(path+".png?size=48", ""); still.StatusCode != http.StatusOK || still.Header.Get("Content-Type") != "image/png" {
		t.Errorf("still: %d %v", still.StatusCode, still.Header)
	}
	if moving := get(path+".webp?size=48&animated=true", ""); moving.StatusCode != http.StatusFound || moving.Header.Get("Location") != path+".gif?size=48" {
		t.Errorf("moving: %d %v", moving.StatusCode, moving.Header)
	}
	must(t, s.Change(ctx, func(tx *store.Tx) error { return tx.DeleteEmoji(ctx, owner, emoji.ID) }))
	for _, wrong := range []string{path + ".png", path, path + ".svg", "/emojis/x.png", "/emojis/99999999999999999999.png"} {
		if got := get(wrong, ""); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, got.StatusCode)
		}
	}
}
