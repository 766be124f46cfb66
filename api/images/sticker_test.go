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

func TestStickersAreServedByTheirForm(t *testing.T) {
	t.Parallel()
	s, err := store.Open(t.Context(), pgtest.New(t, store.Migrate))
	must(t, err)
	t.Cleanup(s.Close)
	file := Named([]byte(`{"v":"5"}`), "application/json")
	user, guild, sticker := s.NewID(), s.NewID(), snowflake.ID(5)
	must(t, s.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into users (id, username) values ($1, 'maker')`, user)
		must(t, err)
		_, err = tx.Exec(t.Context(), `insert into guilds (id, owner_id, name) values ($1, $2, 'Hall')`, guild, user)
		must(t, err)
		must(t, tx.NewLog(t.Context(), guild))
		must(t, tx.SaveImage(t.Context(), file))
		return tx.CreateSticker(t.Context(), discord.Sticker{
			ID: sticker, GuildID: guild, Name: "wave", Tags: "wave", FormatType: discord.StickerLottie, User: &discord.User{ID: user},
		}, file.Hash)
	}))
	handler, err := rest.New(rest.Config{Logger: slog.New(slog.DiscardHandler), Public: New(s, picture.NewScaler()).Routes()})
	must(t, err)
	get := func(path string) *http.Response {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return recorder.Result()
	}
	got := get("/stickers/5.json")
	body, _ := io.ReadAll(got.Body)
	if got.StatusCode != http.StatusOK || !bytes.Equal(body, file.Bytes) || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, body)
	}
	for _, path := range []string{"/stickers/5.png", "/stickers/5", "/stickers/6.json", "/stickers/x.json", "/stickers/5.json.json"} {
		if got := get(path); got.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.StatusCode)
		}
	}
}
