package channels_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestSyncedChannelsFollowTheirCategory(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	category := h.create(t, map[string]any{"name": "c", "type": 4})
	synced := h.create(t, map[string]any{"name": "synced", "parent_id": category.ID})
	apart := h.create(t, map[string]any{"name": "apart", "parent_id": category.ID, "permission_overwrites": []any{deny(h.id, 1)}})
	seq := h.Seq(t, h.id)
	h.owner.Must(t, http.MethodPut, path(category)+"/permissions/"+h.id.String(), map[string]any{"type": 0, "deny": permissions.SendMessages}, nil)
	evs := h.Events(t, h.id, seq)
	if want := []string{"CHANNEL_UPDATE", "CHANNEL_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}; !slices.Equal(types(evs), want) {
		t.Fatalf("events %v, expected %v", types(evs), want)
	}
	for c, want := range map[snowflake.ID]permissions.Set{category.ID: permissions.SendMessages, synced.ID: permissions.SendMessages, apart.ID: 1} {
		var got discord.Channel
		h.owner.Must(t, http.MethodGet, "/channels/"+c.String(), nil, &got)
		if (*got.PermissionOverwrites)[0].Deny != want {
			t.Errorf("%s has %v", *got.Name, *got.PermissionOverwrites)
		}
	}
	// Without its category a channel keeps what it has.
	seq = h.Seq(t, h.id)
	h.owner.Must(t, http.MethodDelete, path(category), nil, nil)
	if want := []string{"CHANNEL_DELETE", "CHANNEL_UPDATE", "CHANNEL_UPDATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}; !slices.Equal(types(h.Events(t, h.id, seq)), want) {
		t.Errorf("events %v, expected %v", types(h.Events(t, h.id, seq)), want)
	}
	var got discord.Channel
	h.owner.Must(t, http.MethodGet, path(synced), nil, &got)
	if got.ParentID != nil && *got.ParentID != nil || len(*got.PermissionOverwrites) != 1 {
		t.Errorf("channel %+v", got)
	}
	h.owner.Fails(t, http.MethodGet, path(category), nil, discord.ErrUnknownChannel)
}

func TestOverwrites(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.create(t, map[string]any{"name": "c"})
	of := func(id snowflake.ID) string { return path(c) + "/permissions/" + id.String() }
	body := func(kind int, allow, deny permissions.Set) map[string]any {
		return map[string]any{"type": kind, "allow": allow, "deny": deny}
	}
	h.builder.Must(t, http.MethodPut, of(h.id), body(0, 0, permissions.SendMessages), nil)
	h.friend.Fails(t, http.MethodPost, path(c)+"/typing", nil, discord.ErrMissingPermissions)
	h.builder.Must(t, http.MethodPut, of(h.friend.ID), body(1, permissions.SendMessages, 0), nil)
	h.friend.Must(t, http.MethodPost, path(c)+"/typing", nil, nil)
	h.builder.Must(t, http.MethodDelete, of(h.friend.ID), nil, nil)
	h.friend.Fails(t, http.MethodPost, path(c)+"/typing", nil, discord.ErrMissingPermissions)

	h.builder.Fails(t, http.MethodDelete, of(h.friend.ID), nil, discord.ErrUnknownOverwrite)
	h.builder.Fails(t, http.MethodPut, of(h.User(t).ID), body(1, 0, 0), discord.ErrInvalidForm)
	h.builder.Fails(t, http.MethodPut, of(1), body(0, 0, 0), discord.ErrInvalidForm)
	h.friend.Fails(t, http.MethodPut, of(h.friend.ID), body(1, permissions.SendMessages, 0), discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodDelete, of(h.id), nil, discord.ErrMissingPermissions)

	// What the builder lacks stays as it is, but may stay.
	h.owner.Must(t, http.MethodPut, of(h.builder.ID), body(1, 0, permissions.ManageWebhooks), nil)
	h.builder.Fails(t, http.MethodPut, of(h.builder.ID), body(1, permissions.ManageWebhooks, 0), discord.ErrMissingPermissions)
	h.builder.Fails(t, http.MethodDelete, of(h.builder.ID), nil, discord.ErrMissingPermissions)
	h.builder.Must(t, http.MethodPut, of(h.builder.ID), body(1, permissions.SendMessages, permissions.ManageWebhooks), nil)

	var kinds []int
	for _, e := range h.Events(t, h.id, 0) {
		var entry discord.AuditEntry
		if e.Head.Type == discord.EventAuditLogEntryCreate && json.Unmarshal(e.Data, &entry) == nil && entry.Options != nil {
			kinds = append(kinds, int(entry.ActionType))
		}
	}
	if want := []int{13, 13, 15, 13, 14}; !slices.Equal(kinds, want) {
		t.Errorf("audit log %v, expected %v", kinds, want)
	}
}

func TestOverwritesAreBounded(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.create(t, map[string]any{"name": "c"})
	h.Exec(t, `update channels set overwrites = (select jsonb_agg(jsonb_build_object('id', n::text, 'type', 1, 'allow', '0', 'deny', '0'))
		from generate_series(1, 1000) n) where id = $1`, c.ID)
	h.owner.Fails(t, http.MethodPut, path(c)+"/permissions/"+h.id.String(), map[string]any{"type": 0}, discord.ErrTooManyOverwrites)
	h.owner.Must(t, http.MethodPut, path(c)+"/permissions/7", map[string]any{"type": 1, "allow": "1"}, nil)
}
