package guilds_test

import (
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestRoleMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, with, without := w.User(t), w.User(t), w.User(t)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{
		"name": "Hall", "roles": []map[string]any{{"id": 0, "name": "@everyone"}, {"id": 1, "name": "artists"}},
	}, &g)
	w.Join(t, g.ID, with, without)
	role := g.Roles[slices.IndexFunc(g.Roles, func(r discord.Role) bool { return r.Name == "artists" })].ID
	w.Exec(t, `update members set roles = array[$3::bigint] where guild_id = $1 and user_id = $2`, g.ID, with.ID, role)
	path := func(role snowflake.ID) string {
		return "/guilds/" + g.ID.String() + "/roles/" + role.String() + "/member-ids"
	}
	var ids []snowflake.ID
	without.Must(t, http.MethodGet, path(role), nil, &ids)
	if !slices.Equal(ids, []snowflake.ID{with.ID}) {
		t.Errorf("%v", ids)
	}
	without.Must(t, http.MethodGet, path(g.ID), nil, &ids)
	if len(ids) != 0 {
		t.Errorf("@everyone: %v", ids)
	}
	without.Fails(t, http.MethodGet, path(1), nil, discord.ErrUnknownRole)
	w.User(t).Fails(t, http.MethodGet, path(role), nil, discord.ErrMissingAccess)
}
