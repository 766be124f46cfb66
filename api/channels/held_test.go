package channels_test

import (
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestAChannelInMemoryIsAsNewAsItsGuildsLog(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	room := h.create(t, map[string]any{"name": "room"})
	moves := func(by *store.Store, last snowflake.ID) {
		t.Helper()
		err := by.Change(t.Context(), func(tx *store.Tx) error {
			if _, err := tx.Exec(t.Context(), `update channels set last_message_id = $1 where id = $2`, last, room.ID); err != nil {
				return err
			}
			return tx.Emit(h.id, events.Header{Type: "TEST", Guild: h.id}, nil)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	shows := func(want snowflake.ID) {
		t.Helper()
		var got discord.Channel
		h.friend.Must(t, http.MethodGet, path(room), nil, &got)
		if *got.LastMessageID == nil || **got.LastMessageID != want {
			t.Errorf("last message %v, not %v", *got.LastMessageID, want)
		}
	}
	moves(h.Store, 70)
	shows(70) // of which guild the channel is was not known
	shows(70)
	for _, statement := range h.Statements(func() { shows(70) }) {
		if strings.Contains(statement, "from channels") {
			t.Errorf("read again, and nothing has happened: %s", statement)
		}
	}

	elsewhere, err := store.Open(t.Context(), h.DSN)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(elsewhere.Close)
	elsewhere.PublishTo(h.Publisher)
	moves(elsewhere, 71)
	shows(71)

	h.Store.PublishTo(nil)
	moves(h.Store, 72) // Redis does not hear of it
	shows(72)
	shows(72)
	h.Store.PublishTo(h.Publisher)
	moves(h.Store, 73)
	shows(73)
	shows(73)
}
