package messages_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func (h *hall) list(c *apitest.Client, query string) []discord.Message {
	h.t.Helper()
	var list []discord.Message
	c.Must(h.t, http.MethodGet, path(h.channel, query), nil, &list)
	return list
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var ids []snowflake.ID // oldest first
	for i := range 60 {
		ids = append(ids, h.send(h.member, object{"content": fmt.Sprint(i)}).ID)
	}
	h.owner.Must(t, http.MethodDelete, path(h.channel, ids[30]), nil, nil)
	ids = slices.Delete(ids, 30, 31)
	for query, want := range map[string][]snowflake.ID{
		"":                                          ids[9:],
		"?limit=100":                                ids,
		"?limit=1":                                  ids[58:],
		"?limit=3&before=" + ids[10].String():       ids[7:10],
		"?limit=3&after=" + ids[10].String():        ids[11:14],
		"?limit=3&after=0":                          ids[:3],
		"?limit=5&around=" + ids[30].String():       ids[28:33],
		"?limit=1&around=" + ids[30].String():       ids[30:31],
		"?limit=100&around=" + ids[58].String():     ids[9:],
		"?before=" + ids[0].String():                nil,
		"?after=" + snowflake.Max.String():          nil,
		"?limit=2&before=" + snowflake.Max.String(): ids[57:],
	} {
		var got []snowflake.ID
		for _, m := range h.list(h.member, query) {
			got = append(got, m.ID)
		}
		slices.Reverse(got) // newest first
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, expected %v", query, got, want)
		}
	}
	for query, field := range map[string]string{
		"?limit=0": "limit", "?limit=101": "limit", "?limit=x": "limit", "?before=x": "before", "?after=-1": "after",
		"?before=1&after=2": "after",
	} {
		problem(t, h.member, http.MethodGet, path(h.channel, query), nil, field)
	}
}

func TestReadingNeedsHistory(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	sent := h.send(h.owner, object{"content": "x"})
	h.member.Fails(t, http.MethodGet, path(h.channel, sent.ID+1), nil, discord.ErrUnknownMessage)
	other := h.newChannel(object{"name": "other", "type": 0})
	h.member.Fails(t, http.MethodGet, path(other, sent.ID), nil, discord.ErrUnknownMessage)
	h.deny(permissions.ReadMessageHistory)
	if list := h.list(h.member, ""); list == nil || len(list) != 0 {
		t.Errorf("%v, expected an empty list", list)
	}
	h.member.Fails(t, http.MethodGet, path(h.channel, sent.ID), nil, discord.ErrMissingPermissions)
	h.deny(permissions.ViewChannel)
	h.member.Fails(t, http.MethodGet, path(h.channel), nil, discord.ErrMissingAccess)
	h.User(t).Fails(t, http.MethodGet, path(h.channel), nil, discord.ErrMissingAccess)
}

func TestContentGate(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	blind, seeing := h.Bot(t, h.owner, 0), h.Bot(t, h.owner, discord.AppFlagMessageContentLimited)
	h.Join(t, h.guild, blind, seeing)
	rich := object{"content": "words", "embeds": []object{{"title": "T"}}, "components": []object{{"type": 1, "components": []object{{"type": 5, "custom_id": "u"}}}}}
	secret := h.send(h.owner, rich)
	pinged := h.send(h.owner, object{"content": "<@" + blind.ID.String() + "> words"})
	own := h.send(blind, object{"content": "words", "message_reference": object{"message_id": secret.ID}})
	forward := h.send(h.owner, object{"message_reference": object{"type": 1, "channel_id": h.channel, "message_id": secret.ID}})
	if got := h.get(seeing, secret.ID); got.Content == "" || len(got.Embeds) != 1 || string(got.Components) == "[]" {
		t.Errorf("a granted bot got %+v", got)
	}
	got := h.get(blind, secret.ID)
	if got.Content != "" || len(got.Embeds) != 0 || string(got.Components) != "[]" || got.Embeds == nil {
		t.Errorf("a bot without the grant got %+v", got)
	}
	if got := h.get(blind, pinged.ID); got.Content == "" {
		t.Error("a bot does not see what mentions it")
	}
	got = h.get(blind, own.ID)
	if got.Content == "" || (*got.ReferencedMessage).Content != "" {
		t.Errorf("its own reply %q to %q", got.Content, (*got.ReferencedMessage).Content)
	}
	if (*own.ReferencedMessage).Content != "" {
		t.Error("the answer to sending a reply tells what it answers")
	}
	if got := h.get(blind, forward.ID); got.MessageSnapshots[0].Message.Content != "" {
		t.Error("a forward tells what a message does not")
	}
	for _, m := range h.list(blind, "") {
		if open := m.ID == pinged.ID || m.ID == own.ID; open != (m.Content != "") {
			t.Errorf("%s in a list: %q", m.ID, m.Content)
		}
	}
}
