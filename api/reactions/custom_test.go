package reactions_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

func TestCustomEmojis(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	own := store.EmojiOwner{Guild: h.guild}
	id := h.Emoji(t, own, h.owner)
	for _, form := range []string{"party:", "a:party:", ":other:"} { // only the id counts
		h.member.Must(t, http.MethodPut, h.at(form+id.String(), "@me"), nil, nil)
	}
	got := h.reactions(h.member)
	if len(got) != 1 || got[0].Count != 1 || *got[0].Emoji.ID != id || *got[0].Emoji.Name != "party" || !got[0].Emoji.Animated || !got[0].Me {
		t.Fatalf("%+v", got)
	}
	var users []discord.User
	h.owner.Must(t, http.MethodGet, h.at("party:"+id.String()), nil, &users)
	if len(users) != 1 || users[0].ID != h.member.ID {
		t.Errorf("%+v", users)
	}
	for _, unknown := range []string{"party:1", "party:x", "party:0", "party:"} {
		h.member.Fails(t, http.MethodPut, h.at(unknown, "@me"), nil, discord.ErrUnknownEmoji)
	}
	restricted := h.Emoji(t, own, h.owner, 1)
	h.member.Fails(t, http.MethodPut, h.at("party:"+restricted.String(), "@me"), nil, discord.ErrUnknownEmoji)
	// Once it is gone its reactions are without a name.
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error { return tx.DeleteEmoji(t.Context(), own, id) })
	if err != nil {
		t.Fatal(err)
	}
	if got := h.reactions(h.member); len(got) != 1 || got[0].Emoji.Name != nil || *got[0].Emoji.ID != id {
		t.Errorf("%+v", got)
	}
	h.owner.Must(t, http.MethodPut, h.at("party:"+id.String(), "@me"), nil, nil) // joins in
	h.member.Must(t, http.MethodDelete, h.at("party:"+id.String(), "@me"), nil, nil)
	h.owner.Must(t, http.MethodDelete, h.at("party:"+id.String()), nil, nil)
	if got := h.reactions(h.member); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestEmojisFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var other discord.Guild
	h.member.Must(t, http.MethodPost, "/guilds", object{"name": "Other"}, &other)
	external := "party:" + h.Emoji(t, store.EmojiOwner{Guild: other.ID}, h.member).String()
	h.owner.Fails(t, http.MethodPut, h.at(external, "@me"), nil, discord.ErrUnknownEmoji)
	h.deny(permissions.UseExternalEmojis)
	h.member.Fails(t, http.MethodPut, h.at(external, "@me"), nil, discord.ErrMissingPermissions)
	bot, stranger := h.Bot(t, h.owner, 0), h.Bot(t, h.owner, 0)
	h.Join(t, h.guild, bot, stranger)
	applications := "party:" + h.Emoji(t, store.EmojiOwner{Application: bot.ApplicationID}, bot).String()
	stranger.Fails(t, http.MethodPut, h.at(applications, "@me"), nil, discord.ErrUnknownEmoji)
	bot.Must(t, http.MethodPut, h.at(applications, "@me"), nil, nil) // its own needs no permission
	h.deny(0)
	h.member.Must(t, http.MethodPut, h.at(external, "@me"), nil, nil)
	h.owner.Must(t, http.MethodPut, h.at(external, "@me"), nil, nil) // joins in
}
