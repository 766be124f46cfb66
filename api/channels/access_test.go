package channels_test

import (
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// TestEventsSayThatAccessChanged goes through all that changes who may see what, and what looks like it but does not. A
// session that missed an event with the mark can't be told afterwards what it might have seen.
func TestEventsSayThatAccessChanged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	guild := "/guilds/" + h.id.String()
	category := h.create(t, map[string]any{"name": "c", "type": 4})
	synced := h.create(t, map[string]any{"name": "synced", "parent_id": category.ID})
	apart := h.create(t, map[string]any{"name": "apart", "parent_id": category.ID, "permission_overwrites": []any{deny(h.id, 1)}})
	var role discord.Role
	h.owner.Must(t, http.MethodPost, guild+"/roles", map[string]any{"name": "r", "permissions": "0"}, &role)
	friend := guild + "/members/" + h.friend.ID.String()
	roles := guild + "/roles/" + role.ID.String()
	type body = map[string]any

	for _, step := range []struct {
		what, method, path string
		body               any
		want               []string // events but for the audit log's; + marks Access, * Membership
	}{
		{"a name", http.MethodPatch, path(apart), body{"name": "other"}, []string{"CHANNEL_UPDATE"}},
		{"a topic", http.MethodPatch, path(apart), body{"topic": "news"}, []string{"CHANNEL_UPDATE"}},
		{"an overwrite", http.MethodPut, path(apart) + "/permissions/" + role.ID.String(),
			body{"type": 0, "allow": permissions.ViewChannel}, []string{"CHANNEL_UPDATE+"}},
		{"the same overwrite", http.MethodPut, path(apart) + "/permissions/" + role.ID.String(),
			body{"type": 0, "allow": permissions.ViewChannel}, nil},
		{"name and overwrites", http.MethodPatch, path(apart),
			body{"name": "third", "permission_overwrites": []any{deny(role.ID, permissions.ViewChannel)}}, []string{"CHANNEL_UPDATE+"}},
		{"a category's overwrite", http.MethodPut, path(category) + "/permissions/" + h.id.String(),
			body{"type": 0, "deny": permissions.ViewChannel}, []string{"CHANNEL_UPDATE+", "CHANNEL_UPDATE+"}},
		{"an overwrite less", http.MethodDelete, path(synced) + "/permissions/" + h.id.String(), nil, []string{"CHANNEL_UPDATE+"}},
		{"a place", http.MethodPatch, h.all, []body{{"id": synced.ID, "position": 7}}, []string{"CHANNEL_UPDATE"}},
		{"a taken over category", http.MethodPatch, h.all,
			[]body{{"id": synced.ID, "parent_id": category.ID, "lock_permissions": true}}, []string{"CHANNEL_UPDATE+"}},
		{"a new role", http.MethodPost, guild + "/roles", body{"permissions": permissions.ViewChannel}, []string{"GUILD_ROLE_CREATE"}},
		{"a role's name", http.MethodPatch, roles, body{"name": "s"}, []string{"GUILD_ROLE_UPDATE"}},
		{"a role's permissions", http.MethodPatch, roles, body{"permissions": permissions.ViewChannel}, []string{"GUILD_ROLE_UPDATE+"}},
		{"@everyone's permissions", http.MethodPatch, guild + "/roles/" + h.id.String(), body{"permissions": "0"},
			[]string{"GUILD_ROLE_UPDATE+"}},
		{"a member's role", http.MethodPut, friend + "/roles/" + role.ID.String(), nil, []string{"GUILD_MEMBER_UPDATE*"}},
		{"a nick", http.MethodPatch, friend, body{"nick": "n"}, []string{"GUILD_MEMBER_UPDATE"}},
		{"a deleted role", http.MethodDelete, roles, nil, []string{"CHANNEL_UPDATE+", "GUILD_ROLE_DELETE+*"}},
		{"a deleted channel", http.MethodDelete, path(apart), nil, []string{"CHANNEL_DELETE+"}},
		{"a deleted category", http.MethodDelete, path(category), nil, []string{"CHANNEL_DELETE+", "CHANNEL_UPDATE"}},
		{"the guild's name", http.MethodPatch, guild, body{"name": "Other"}, []string{"GUILD_UPDATE"}},
		{"the owner", http.MethodPatch, guild, body{"owner_id": h.friend.ID}, []string{"GUILD_UPDATE+"}},
	} {
		seq := h.Seq(t, h.id)
		if answer := h.owner.Do(t, step.method, step.path, step.body); answer.Status > 299 {
			t.Fatalf("%s: %d %s", step.what, answer.Status, answer.Body)
		}
		var got []string
		for _, e := range h.Events(t, h.id, seq) {
			if e.Head.Type == discord.EventAuditLogEntryCreate {
				continue
			}
			name := e.Head.Type
			if e.Head.Access {
				name += "+"
			}
			if e.Head.Membership {
				name += "*"
			}
			got = append(got, name)
		}
		if !slices.Equal(got, step.want) {
			t.Errorf("%s: events %q, expected %q", step.what, got, step.want)
		}
	}
}
