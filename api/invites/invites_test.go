package invites_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/invites"
	"guildhall.chat/guildhall/api/scheduledevents"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// hall is a guild with an owner and a friend, who may invite but not manage.
type hall struct {
	*apitest.World
	owner, friend *apitest.Client
	id, channel   snowflake.ID
	guild, path   string
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			invites.New(w.Store, w.Access, w.Presences).Routes(),
			scheduledevents.New(w.Store, w.Access).Routes(),
		)
	})}
	h.owner, h.friend = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.channel, h.guild = g.ID, *g.SystemChannelID, "/guilds/"+g.ID.String()
	h.path = "/channels/" + h.channel.String() + "/invites"
	h.Join(t, h.id, h.friend)
	return h
}

func (h *hall) invite(t *testing.T, as *apitest.Client, body any) (i discord.Invite) {
	t.Helper()
	as.Must(t, http.MethodPost, h.path, body, &i)
	return i
}

func types(evs []events.Event) (types []string) {
	for _, e := range evs {
		types = append(types, e.Head.Type)
	}
	return types
}

func TestInviteIsMadeAndShown(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	made := h.invite(t, h.friend, nil)
	if len(made.Code) != 8 || *made.MaxAge != 86400 || *made.MaxUses != 0 || *made.Uses != 0 || *made.Temporary ||
		made.ExpiresAt == nil || made.ExpiresAt.Sub(made.CreatedAt.Time).Hours() != 24 || made.Inviter.ID != h.friend.ID ||
		made.Guild.Name != "Hall" || *made.GuildID != h.id || made.Channel.ID != h.channel {
		t.Errorf("invite %+v", made)
	}
	evs := h.Events(t, h.id, seq)
	if !slices.Equal(types(evs), []string{"INVITE_CREATE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) ||
		evs[0].Head.Channel != h.channel || evs[0].Head.Needs != permissions.ManageChannels {
		t.Errorf("events %+v", evs)
	}

	var shown map[string]json.RawMessage
	h.Anyone().Must(t, http.MethodGet, "/invites/"+made.Code+"?with_counts=true", nil, &shown)
	for _, key := range []string{"type", "code", "expires_at", "guild", "guild_id", "channel", "inviter"} {
		if shown[key] == nil {
			t.Errorf("no %s", key)
		}
	}
	for _, key := range []string{"uses", "max_uses", "max_age", "temporary", "created_at"} {
		if shown[key] != nil {
			t.Errorf("%s is shown to anyone", key)
		}
	}
	if string(shown["approximate_member_count"]) != "2" || string(shown["approximate_presence_count"]) != "0" {
		t.Errorf("counts %s %s", shown["approximate_member_count"], shown["approximate_presence_count"])
	}
	h.Anyone().Fails(t, http.MethodGet, "/invites/nothere", nil, discord.ErrUnknownInvite)
	h.Anyone().Fails(t, http.MethodGet, "/invites/%00", nil, discord.ErrUnknownInvite)
}

func TestSimilarInviteIsUsedAgain(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	body := map[string]any{"max_age": 0, "max_uses": 3}
	first := h.invite(t, h.friend, body)
	if first.ExpiresAt != nil {
		t.Errorf("expires %v", first.ExpiresAt)
	}
	if again := h.invite(t, h.friend, body); again.Code != first.Code {
		t.Error("a similar invite was made anew")
	}
	codes := map[string]bool{first.Code: true}
	for _, other := range []discord.Invite{
		h.invite(t, h.owner, body),
		h.invite(t, h.friend, map[string]any{"max_age": 0, "max_uses": 4}),
		h.invite(t, h.friend, map[string]any{"max_age": 0, "max_uses": 3, "temporary": true}),
		h.invite(t, h.friend, map[string]any{"max_age": 0, "max_uses": 3, "unique": true}),
	} {
		if codes[other.Code] {
			t.Errorf("%s is used for another", other.Code)
		}
		codes[other.Code] = true
	}
}

func TestInvitesAreChecked(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"max_age": 604801}, discord.ErrInvalidForm)
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"max_uses": -1}, discord.ErrInvalidForm)
	h.User(t).Fails(t, http.MethodPost, h.path, nil, discord.ErrMissingAccess)
	overwrite := map[string]any{"type": 0, "deny": permissions.CreateInstantInvite}
	h.owner.Must(t, http.MethodPut, "/channels/"+h.channel.String()+"/permissions/"+h.id.String(), overwrite, nil)
	h.friend.Fails(t, http.MethodPost, h.path, nil, discord.ErrMissingPermissions)
	var category discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", map[string]any{"name": "c", "type": 4}, &category)
	h.owner.Fails(t, http.MethodPost, "/channels/"+category.ID.String()+"/invites", nil, discord.ErrWrongChannelType)

	h.Exec(t, `insert into invites (code, guild_id, channel_id, inviter_id, max_age, max_uses, expires_at)
		select 'c' || n, $1, $2, $3, 60, 1, case when n > 999 then now() - interval '1 minute' end from generate_series(1, 1500) n`,
		h.id, h.channel, h.owner.ID)
	h.owner.Must(t, http.MethodPost, h.path, map[string]any{"unique": true}, nil) // expired ones don't count
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"unique": true}, discord.ErrTooManyInvites)
}

func TestInvitesAreListedAndDeletedByThoseWhoManage(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.invite(t, h.friend, nil)
	h.Exec(t, `insert into invites (code, guild_id, channel_id, inviter_id, max_age, max_uses, expires_at)
		values ('expired', $1, $2, $3, 60, 0, now())`, h.id, h.channel, h.owner.ID)
	one := "/invites/" + made.Code
	for _, list := range []string{h.path, h.guild + "/invites"} {
		h.friend.Fails(t, http.MethodGet, list, nil, discord.ErrMissingPermissions)
		h.User(t).Fails(t, http.MethodGet, list, nil, discord.ErrMissingAccess)
		var found []discord.Invite
		h.owner.Must(t, http.MethodGet, list, nil, &found)
		if len(found) != 1 || found[0].Code != made.Code || found[0].Uses == nil || found[0].ApproximateMemberCount != nil {
			t.Errorf("%s: %+v", list, found)
		}
	}
	h.friend.Fails(t, http.MethodDelete, one, nil, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodDelete, one, nil, discord.ErrMissingAccess)
	seq := h.Seq(t, h.id)
	h.owner.Must(t, http.MethodDelete, one, nil, nil)
	if evs := h.Events(t, h.id, seq); !slices.Equal(types(evs), []string{"INVITE_DELETE", "GUILD_AUDIT_LOG_ENTRY_CREATE"}) {
		t.Errorf("events %v", types(evs))
	}
	h.owner.Fails(t, http.MethodDelete, one, nil, discord.ErrUnknownInvite)
	h.Anyone().Fails(t, http.MethodGet, "/invites/expired", nil, discord.ErrUnknownInvite)
}

func TestAcceptMakesAMember(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made, guest := h.invite(t, h.owner, nil), h.User(t)
	one, seq := "/invites/"+made.Code, h.Seq(t, h.id)
	var got struct {
		discord.Invite
		New bool `json:"new_member"`
	}
	guest.Must(t, http.MethodPost, one, map[string]any{}, &got)
	if !got.New || got.Guild.ID != h.id || got.Uses != nil {
		t.Errorf("answer %+v", got)
	}
	evs := h.Events(t, h.id, seq)
	var added discord.MemberEvent
	var said discord.MessageEvent
	if !slices.Equal(types(evs), []string{"GUILD_MEMBER_ADD", "MESSAGE_CREATE"}) || evs[0].Head.User != guest.ID ||
		json.Unmarshal(evs[0].Data, &added) != nil || added.User.ID != guest.ID || added.GuildID != h.id {
		t.Fatalf("events %+v", evs)
	}
	if json.Unmarshal(evs[1].Data, &said) != nil || said.Type != discord.MessageUserJoin || said.Author.ID != guest.ID ||
		said.ChannelID != h.channel || evs[1].Head.Channel != h.channel || said.Member == nil || said.Member.User != nil {
		t.Errorf("message %s", evs[1].Data)
	}
	var c discord.Channel
	guest.Must(t, http.MethodGet, "/channels/"+h.channel.String(), nil, &c)
	if **c.LastMessageID != said.ID {
		t.Errorf("last message %s, expected the announcement %s", **c.LastMessageID, said.ID)
	}
	if evs := h.Events(t, guest.ID, 0); !slices.Equal(types(evs), []string{"GUILD_CREATE"}) || evs[0].Head.Guild != h.id {
		t.Errorf("the guest hears %+v", evs)
	}

	var source discord.JoinSource
	var code string
	var inviter snowflake.ID
	if err := h.Query(t, `select source, source_code, source_user from members where user_id = $1`, guest.ID).Scan(&source, &code, &inviter); err != nil ||
		source != discord.JoinByInvite || code != made.Code || inviter != h.owner.ID {
		t.Errorf("has come by %d, %s, %s: %v", source, code, inviter, err)
	}

	// Once more changes nothing and counts no use.
	guest.Must(t, http.MethodPost, one, nil, &got)
	var listed []discord.Invite
	h.owner.Must(t, http.MethodGet, h.path, nil, &listed)
	if got.New || *listed[0].Uses != 1 || h.Seq(t, h.id) != seq+2 {
		t.Errorf("new %t, uses %d", got.New, *listed[0].Uses)
	}
}

func TestJoinsAreAnnouncedUnlessTurnedOff(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.invite(t, h.owner, nil)
	h.owner.Must(t, http.MethodPatch, h.guild, map[string]any{"system_channel_flags": discord.SystemSuppressJoins}, nil)
	seq := h.Seq(t, h.id)
	h.User(t).Must(t, http.MethodPost, "/invites/"+made.Code, nil, nil)
	if evs := h.Events(t, h.id, seq); !slices.Equal(types(evs), []string{"GUILD_MEMBER_ADD"}) {
		t.Errorf("events %v", types(evs))
	}
}

func TestWhoCannotAccept(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.invite(t, h.owner, nil)
	one := "/invites/" + made.Code
	h.Anyone().Fails(t, http.MethodPost, one, nil, discord.ErrUnauthorized)
	h.Bot(t, h.owner, 0).Fails(t, http.MethodPost, one, nil, discord.ErrBotsForbidden)
	banned, busy := h.User(t), h.User(t)
	h.Exec(t, `insert into bans (guild_id, user_id) values ($1, $2)`, h.id, banned.ID)
	banned.Fails(t, http.MethodPost, one, nil, discord.ErrBannedFromGuild)
	h.Exec(t, `insert into guilds (id, owner_id, name) select n, $1, 'x' from generate_series(1, 100) n`, h.owner.ID)
	h.Exec(t, `insert into members (guild_id, user_id) select id, $1 from guilds where id <= 100`, busy.ID)
	busy.Fails(t, http.MethodPost, one, nil, discord.ErrTooManyGuilds)
	h.owner.Must(t, http.MethodPatch, h.guild, map[string]any{"features": []string{discord.FeatureInvitesDisabled}}, nil)
	h.User(t).Fails(t, http.MethodPost, one, nil, discord.ErrUnknownInvite)
	h.owner.Must(t, http.MethodPatch, h.guild, map[string]any{"features": []string{}}, nil)
	h.Exec(t, `update invites set expires_at = now() where code = $1`, made.Code)
	h.User(t).Fails(t, http.MethodPost, one, nil, discord.ErrUnknownInvite)
}

// However many accept at once, an invite lets in as many as it says, and is gone with the last.
func TestUsesAreCountedExactly(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.invite(t, h.owner, map[string]any{"max_uses": 3})
	seq := h.Seq(t, h.id)
	const guests = 8
	statuses := make(chan int, guests)
	for range guests {
		guest := h.User(t)
		go func() { statuses <- guest.Do(t, http.MethodPost, "/invites/"+made.Code, nil).Status }()
	}
	counts := map[int]int{}
	for range guests {
		counts[<-statuses]++
	}
	if counts[http.StatusOK] != 3 || counts[http.StatusNotFound] != guests-3 {
		t.Errorf("statuses %v", counts)
	}
	h.Anyone().Fails(t, http.MethodGet, "/invites/"+made.Code, nil, discord.ErrUnknownInvite)
	joined, deleted := 0, 0
	for _, kind := range types(h.Events(t, h.id, seq)) {
		switch kind {
		case discord.EventGuildMemberAdd:
			joined++
		case discord.EventInviteDelete:
			deleted++
		}
	}
	members, err := h.Store.MemberCount(t.Context(), h.id)
	if err != nil || joined != 3 || deleted != 1 || members != 5 {
		t.Errorf("%d joined, %d deletions, %d members: %v", joined, deleted, members, err)
	}
}

// One user who accepts twice at once is one member and one use.
func TestAcceptingTwiceAtOnceIsOneUse(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made, guest := h.invite(t, h.owner, nil), h.User(t)
	statuses := make(chan int, 4)
	for range 4 {
		go func() { statuses <- guest.Do(t, http.MethodPost, "/invites/"+made.Code, nil).Status }()
	}
	for range 4 {
		if status := <-statuses; status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	}
	var listed []discord.Invite
	h.owner.Must(t, http.MethodGet, h.path, nil, &listed)
	if *listed[0].Uses != 1 {
		t.Errorf("%d uses", *listed[0].Uses)
	}
}

func TestDeletedChannelTakesItsInvitesAlong(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	made := h.invite(t, h.owner, nil)
	h.owner.Must(t, http.MethodDelete, "/channels/"+h.channel.String(), nil, nil)
	h.User(t).Fails(t, http.MethodPost, "/invites/"+made.Code, nil, discord.ErrUnknownInvite)
}

func TestInviteGivesRolesAndMembersForATime(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	role := h.Store.NewID()
	h.Exec(t, `insert into roles (id, guild_id, name, permissions, position) values ($1, $2, 'guest', 0, 1)`, role, h.id)
	h.Exec(t, `update logs set structure = structure + 1 where id = $1`, h.id)
	body := map[string]any{"role_ids": []any{role}, "temporary": true}
	h.friend.Fails(t, http.MethodPost, h.path, body, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"role_ids": []any{h.id}}, discord.ErrInvalidForm)
	i := h.invite(t, h.owner, body)
	if len(i.Roles) != 1 || i.Roles[0].ID != role || i.Roles[0].Name != "guest" {
		t.Errorf("roles %+v", i.Roles)
	}
	if again := h.invite(t, h.owner, body); again.Code != i.Code {
		t.Error("the same invite was made twice")
	}
	guest := h.User(t)
	guest.Must(t, http.MethodPost, "/invites/"+i.Code, nil, nil)
	var temporary bool
	var roles []snowflake.ID
	err := h.Query(t, `select temporary, roles from members where user_id = $1`, guest.ID).Scan(&temporary, &roles)
	if err != nil || !temporary || !slices.Equal(roles, []snowflake.ID{role}) {
		t.Errorf("temporary %v, roles %v, %v", temporary, roles, err)
	}
}

func TestInviteToAStream(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var voice discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", map[string]any{"name": "voice", "type": 2}, &voice)
	path := "/channels/" + voice.ID.String() + "/invites"
	body := map[string]any{"target_type": 1, "target_user_id": h.friend.ID}
	h.owner.Fails(t, http.MethodPost, h.path, body, discord.ErrInvalidForm) // a text channel
	h.owner.Fails(t, http.MethodPost, path, map[string]any{"target_type": 1}, discord.ErrInvalidForm)
	h.owner.Fails(t, http.MethodPost, path, map[string]any{"target_type": 2, "target_application_id": "7"}, discord.ErrInvalidForm)
	var i discord.Invite
	h.owner.Must(t, http.MethodPost, path, body, &i)
	if i.TargetType == nil || *i.TargetType != 1 || i.TargetUser == nil || i.TargetUser.ID != h.friend.ID {
		t.Errorf("invite %+v", i)
	}
}

func upload(t *testing.T, as *apitest.Client, method, path, content string) apitest.Answer {
	t.Helper()
	const boundary = "edge"
	body := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"target_users_file\"; filename=\"users.csv\"\r\n" +
		"Content-Type: text/csv\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n"
	as.Header = http.Header{"Content-Type": {"multipart/form-data; boundary=" + boundary}}
	defer func() { as.Header = nil }()
	return as.Do(t, method, path, []byte(body))
}

func TestInviteForSomeUsers(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	invited, uninvited := h.User(t), h.User(t)
	answer := upload(t, h.owner, http.MethodPost, h.path, "user_id\n"+invited.ID.String()+"\n5\n")
	var i discord.Invite
	if err := json.Unmarshal(answer.Body, &i); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	path := "/invites/" + i.Code
	invited.Fails(t, http.MethodPost, path, nil, discord.ErrUnknownInvite) // the worker has yet to read the list
	var job discord.InviteTargetsJob
	h.owner.Must(t, http.MethodGet, path+"/target-users/job-status", nil, &job)
	if job.Status != 1 || job.Total != 2 || job.Processed != 0 {
		t.Errorf("job %+v", job)
	}
	for range 2 {
		if _, err := h.Store.TakeInviteTargets(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	h.owner.Must(t, http.MethodGet, path+"/target-users/job-status", nil, &job)
	if job.Status != 2 || job.Processed != 2 || job.CompletedAt == nil {
		t.Errorf("job %+v", job)
	}
	csv := h.owner.Do(t, http.MethodGet, path+"/target-users", nil)
	if want := "user_id\n" + invited.ID.String() + "\n5\n"; string(csv.Body) != want {
		t.Errorf("users %q, expected %q", csv.Body, want)
	}
	h.Anyone().Fails(t, http.MethodGet, path, nil, discord.ErrUnknownInvite)
	uninvited.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownInvite)
	uninvited.Fails(t, http.MethodPost, path, nil, discord.ErrUnknownInvite)
	uninvited.Fails(t, http.MethodGet, path+"/target-users", nil, discord.ErrMissingAccess)
	h.friend.Fails(t, http.MethodGet, path+"/target-users", nil, discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodGet, path+"/target-users/job-status", nil, discord.ErrMissingPermissions)
	if got := upload(t, h.friend, http.MethodPut, path+"/target-users", "user_id\n1"); got.Status != http.StatusForbidden {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	invited.Must(t, http.MethodGet, path, nil, nil)
	invited.Must(t, http.MethodPost, path, nil, nil)
	if got := upload(t, h.owner, http.MethodPut, path+"/target-users", "user_id\nnobody"); got.Status != http.StatusBadRequest {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if got := upload(t, h.owner, http.MethodPut, path+"/target-users", uninvited.ID.String()); got.Status != http.StatusNoContent {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if _, err := h.Store.TakeInviteTargets(t.Context()); err != nil {
		t.Fatal(err)
	}
	uninvited.Must(t, http.MethodPost, path, nil, nil)
}

// TestInviteShowsNoHiddenEvents: an invite brings the scheduled event that is asked for only to who sees it.
func TestInviteShowsNoHiddenEvents(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	plan := func(denied permissions.Set) snowflake.ID {
		t.Helper()
		var voice discord.Channel
		h.owner.Must(t, http.MethodPost, h.guild+"/channels", map[string]any{"name": "voice", "type": 2,
			"permission_overwrites": []map[string]any{{"id": h.id, "type": 0, "deny": denied}}}, &voice)
		var e discord.ScheduledEvent
		h.owner.Must(t, http.MethodPost, h.guild+"/scheduled-events", map[string]any{"name": "Talk", "privacy_level": 2,
			"entity_type": 2, "channel_id": voice.ID, "scheduled_start_time": time.Now().Add(time.Hour)}, &e)
		return e.ID
	}
	open, hidden := plan(0), plan(permissions.ViewChannel)
	path := "/invites/" + h.invite(t, h.owner, nil).Code + "?guild_scheduled_event_id="
	for name, as := range map[string]*apitest.Client{"anyone": h.Anyone(), "a user": h.User(t), "a member": h.friend, "the owner": h.owner} {
		for id, sees := range map[snowflake.ID]bool{open: true, hidden: as == h.owner} {
			var i discord.Invite
			as.Must(t, http.MethodGet, path+id.String(), nil, &i)
			if (i.ScheduledEvent != nil) != sees {
				t.Errorf("%s gets %+v of event %s", name, i.ScheduledEvent, id)
			}
		}
	}
}
