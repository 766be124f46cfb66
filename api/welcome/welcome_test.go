package welcome_test

import (
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/welcome"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

type object = map[string]any

// hall is a community with an owner and a member.
type hall struct {
	*apitest.World
	owner, member *apitest.Client
	id, channel   snowflake.ID
	guild         string
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(), roles.New(w.Access).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(), welcome.New(w.Store, w.Access).Routes())
	})}
	h.owner, h.member = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.id, h.channel, h.guild = g.ID, *g.SystemChannelID, "/guilds/"+g.ID.String()
	h.Join(t, h.id, h.member)
	return h
}

func (h *hall) community(t *testing.T) {
	t.Helper()
	h.owner.Must(t, http.MethodPatch, h.guild, object{"rules_channel_id": h.channel, "public_updates_channel_id": h.channel,
		"features": []string{"COMMUNITY"}}, nil)
}

func TestWelcomeScreen(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := h.guild + "/welcome-screen"
	body := object{"enabled": true, "description": "Hello", "welcome_channels": []object{{"channel_id": h.channel, "description": "Start here"}}}
	h.owner.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownWelcomeScreen)
	h.owner.Fails(t, http.MethodPatch, path, body, discord.ErrInvalidForm) // no community
	h.community(t)
	h.member.Fails(t, http.MethodPatch, path, body, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPatch, path, object{"welcome_channels": []object{{"channel_id": "5", "description": ""}}}, discord.ErrInvalidForm)
	h.owner.Must(t, http.MethodPatch, path, body, nil)
	var screen discord.WelcomeScreen
	h.member.Must(t, http.MethodGet, path, nil, &screen)
	if len(screen.Channels) != 1 || *screen.Description != "Hello" {
		t.Errorf("screen %+v", screen)
	}
	var g discord.Guild
	h.member.Must(t, http.MethodGet, h.guild, nil, &g)
	if !slices.Contains(g.Features, discord.FeatureWelcomeScreen) {
		t.Errorf("features %q", g.Features)
	}
	h.owner.Must(t, http.MethodPatch, path, object{"enabled": false}, nil)
	h.member.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownWelcomeScreen)
}

func TestNewMemberWelcome(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	path := h.guild + "/new-member-welcome"
	if got := h.member.Do(t, http.MethodGet, path, nil); got.Status != http.StatusNoContent {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	body := object{"enabled": true, "new_member_actions": []object{{"channel_id": h.channel, "action_type": 1, "title": "Say hello"}}}
	h.member.Fails(t, http.MethodPatch, path, body, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodPatch, path, body, nil)
	var home discord.NewMemberWelcome
	h.member.Must(t, http.MethodGet, path, nil, &home)
	if !home.Enabled || len(home.Actions) != 1 || home.Actions[0].Title != "Say hello" {
		t.Errorf("home %+v", home)
	}
}

func TestOnboardingGivesRoles(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var role discord.Role
	h.owner.Must(t, http.MethodPost, h.guild+"/roles", object{"name": "Reader"}, &role)
	path := h.guild + "/onboarding"
	prompts := []object{{"id": "0", "title": "What do you like?", "required": true, "single_select": true, "options": []object{
		{"title": "Books", "role_ids": []any{role.ID}}, {"title": "Nothing"}}}}
	h.member.Fails(t, http.MethodPut, path, object{"prompts": prompts}, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPut, path, object{"prompts": prompts, "enabled": true}, discord.ErrOnboardingUnmet)
	h.owner.Fails(t, http.MethodPut, path, object{"prompts": []object{{"id": "0", "title": "", "options": []object{}}}}, discord.ErrInvalidForm)
	defaults := []snowflake.ID{h.channel}
	for range 6 {
		var c discord.Channel
		h.owner.Must(t, http.MethodPost, h.guild+"/channels", object{"name": "more"}, &c)
		defaults = append(defaults, c.ID)
	}
	var o discord.Onboarding
	h.owner.Must(t, http.MethodPut, path, object{"prompts": prompts, "enabled": true, "default_channel_ids": defaults}, &o)
	h.owner.Fails(t, http.MethodPut, path, object{"default_channel_ids": defaults[:2]}, discord.ErrOnboardingBelow)
	h.member.Must(t, http.MethodGet, path, nil, &o)
	books, nothing := o.Prompts[0].Options[0].ID, o.Prompts[0].Options[1].ID
	answers := h.guild + "/onboarding-responses"
	h.member.Fails(t, http.MethodPost, answers, object{"onboarding_responses": []any{books, nothing}}, discord.ErrInvalidForm)
	h.member.Fails(t, http.MethodPost, answers, object{"onboarding_responses": []any{"1"}}, discord.ErrInvalidForm)
	has := func() (roles []snowflake.ID, flags int) {
		if err := h.Query(t, `select roles, flags from members where user_id = $1`, h.member.ID).Scan(&roles, &flags); err != nil {
			t.Fatal(err)
		}
		return roles, flags
	}
	h.member.Must(t, http.MethodPost, answers, object{"onboarding_responses": []any{books}}, nil)
	if roles, flags := has(); !slices.Equal(roles, []snowflake.ID{role.ID}) || flags&discord.MemberCompletedOnboarding == 0 {
		t.Errorf("roles %v, flags %b", roles, flags)
	}
	h.member.Must(t, http.MethodPut, answers, object{"onboarding_responses": []any{nothing}}, nil)
	if roles, _ := has(); len(roles) != 0 {
		t.Errorf("roles %v", roles)
	}
	h.owner.Must(t, http.MethodPut, path, object{"enabled": false}, nil)
	h.member.Fails(t, http.MethodPut, answers, object{"onboarding_responses": []any{books}}, discord.ErrInvalidForm)
	if roles, _ := has(); len(roles) != 0 {
		t.Errorf("an onboarding that is off gave roles %v", roles)
	}
}

func TestScreening(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.community(t)
	path, own := h.guild+"/member-verification", h.guild+"/requests/@me"
	body := object{"enabled": true, "form_fields": []object{{"field_type": "TERMS", "label": "Rules", "required": true, "values": []string{"Be kind"}}}}
	h.member.Fails(t, http.MethodPatch, path, body, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodPatch, path, body, nil)
	var of discord.VerificationForm
	h.member.Must(t, http.MethodGet, path, nil, &of)
	filled := func(agreed bool) object {
		return object{"version": of.Version, "form_fields": []object{{"field_type": "TERMS", "response": agreed}}}
	}
	h.member.Fails(t, http.MethodPut, own, filled(true), discord.ErrInvalidForm) // a member from before

	fresh, second := h.User(t), h.User(t)
	h.Join(t, h.id, fresh, second)
	typing := "/channels/" + h.channel.String() + "/typing"
	fresh.Fails(t, http.MethodPost, typing, nil, discord.ErrMissingPermissions)
	fresh.Fails(t, http.MethodPut, own, filled(false), discord.ErrInvalidForm)
	fresh.Fails(t, http.MethodPut, own, object{"version": "old"}, discord.ErrInvalidForm)
	fresh.Must(t, http.MethodPut, own, filled(true), nil)
	fresh.Must(t, http.MethodPost, typing, nil, nil)

	h.owner.Must(t, http.MethodPatch, path, object{"manual_approval": true}, &of)
	var r discord.JoinRequest
	second.Must(t, http.MethodPut, own, filled(true), &r)
	if r.Status != discord.RequestSubmitted {
		t.Errorf("request %+v", r)
	}
	second.Fails(t, http.MethodPost, typing, nil, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodGet, h.guild+"/requests", nil, discord.ErrMissingPermissions)
	one := h.guild + "/requests/" + r.ID.String()
	h.member.Fails(t, http.MethodPatch, one, object{"action": "APPROVED"}, discord.ErrMissingPermissions)
	var list struct {
		Total    int
		Requests []discord.JoinRequest `json:"guild_join_requests"`
	}
	h.owner.Must(t, http.MethodGet, h.guild+"/requests?status=SUBMITTED", nil, &list)
	if list.Total != 1 || len(list.Requests) != 1 || list.Requests[0].ID != r.ID {
		t.Errorf("requests %+v", list)
	}
	h.owner.Must(t, http.MethodPatch, one, object{"action": "APPROVED"}, &r)
	if r.ActionedBy == nil || r.ActionedBy.ID != h.owner.ID || r.ReviewedAt == nil {
		t.Errorf("request %+v", r)
	}
	h.owner.Fails(t, http.MethodPatch, one, object{"action": "REJECTED"}, discord.ErrInvalidForm)
	second.Must(t, http.MethodPost, typing, nil, nil)

	third := h.User(t)
	h.Join(t, h.id, third)
	third.Must(t, http.MethodPut, own, filled(true), &r)
	h.owner.Must(t, http.MethodPatch, h.guild+"/requests/"+r.ID.String(), object{"action": "REJECTED", "rejection_reason": "no"}, nil)
	third.Fails(t, http.MethodGet, h.guild, nil, discord.ErrMissingAccess)

	fourth := h.User(t)
	h.Join(t, h.id, fourth)
	fourth.Fails(t, http.MethodPost, typing, nil, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodPatch, path, object{"enabled": false}, nil)
	fourth.Must(t, http.MethodPost, typing, nil, nil) // there is nothing to wait for any more
}

func TestRejectingIsKicking(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.community(t)
	var of discord.VerificationForm
	h.owner.Must(t, http.MethodPatch, h.guild+"/member-verification", object{"enabled": true, "manual_approval": true, "form_fields": []object{}}, &of)
	var role discord.Role
	h.owner.Must(t, http.MethodPost, h.guild+"/roles", object{"name": "Guard", "permissions": permissions.KickMembers}, &role)
	h.Exec(t, `update members set roles = array[$3::bigint] where guild_id = $1 and user_id = $2`, h.id, h.member.ID, role.ID)
	fresh := h.User(t)
	h.Join(t, h.id, fresh)
	var r discord.JoinRequest
	fresh.Must(t, http.MethodPut, h.guild+"/requests/@me", object{"version": of.Version}, &r)
	one := h.guild + "/requests/" + r.ID.String()
	reject := object{"action": "REJECTED"}
	give := func(owner snowflake.ID) { h.Exec(t, `update guilds set owner_id = $2 where id = $1`, h.id, owner) }
	give(fresh.ID)
	h.member.Fails(t, http.MethodPatch, one, reject, discord.ErrMissingPermissions) // nobody outranks the owner
	give(h.owner.ID)
	h.member.Must(t, http.MethodPatch, one, reject, nil)
	fresh.Fails(t, http.MethodGet, h.guild, nil, discord.ErrMissingAccess)
	var by snowflake.ID
	if err := h.Query(t, `select user_id from audit_log where guild_id = $1 and action = $2 and target_id = $3`,
		h.id, discord.AuditMemberKick, fresh.ID.String()).Scan(&by); err != nil || by != h.member.ID {
		t.Errorf("the audit log says %s, %v", by, err)
	}
}
