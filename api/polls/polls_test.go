package polls_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/polls"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

type hall struct {
	*apitest.World
	t             *testing.T
	guild         snowflake.ID
	channel       string // path
	owner, member *apitest.Client
}

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			polls.New(w.Store, w.Access).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
			roles.New(w.Access).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	var id snowflake.ID
	if err := w.Query(t, `select id from channels where guild_id = $1 and type = 0`, g.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	h.channel = "/channels/" + id.String()
	w.Join(t, h.guild, h.member)
	return h
}

func question(changes object) object {
	poll := object{
		"question": object{"text": "Tea?"}, "answers": []object{
			{"poll_media": object{"text": "yes", "emoji": object{"name": "🍵"}}}, {"poll_media": object{"text": "no"}},
		},
	}
	for key, value := range changes {
		poll[key] = value
	}
	return object{"poll": poll}
}

func (h *hall) ask(channel string, changes object) (m discord.Message) {
	h.t.Helper()
	h.owner.Must(h.t, http.MethodPost, channel+"/messages", question(changes), &m)
	return m
}

func (h *hall) get(as *apitest.Client, channel string, id snowflake.ID) (m discord.Message) {
	h.t.Helper()
	as.Must(h.t, http.MethodGet, channel+"/messages/"+id.String(), nil, &m)
	return m
}

func TestEmojisOfAnswers(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var elsewhere discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Elsewhere"}, &elsewhere)
	bot := h.Bot(t, h.owner, 0)
	h.Join(t, h.guild, bot)
	here, strange := h.Emoji(t, store.EmojiOwner{Guild: h.guild}, h.owner), h.Emoji(t, store.EmojiOwner{Guild: elsewhere.ID}, h.owner)
	restricted := h.Emoji(t, store.EmojiOwner{Guild: h.guild}, h.owner, 1)
	own := h.Emoji(t, store.EmojiOwner{Application: bot.ApplicationID}, h.owner)
	with := func(emoji object) object {
		return question(object{"answers": []object{{"poll_media": object{"emoji": emoji}}}})
	}
	for _, use := range []struct {
		as    *apitest.Client
		emoji object
		want  *discord.Error
	}{
		{h.member, object{"name": "🍵"}, nil},
		{h.member, object{"name": "tea"}, discord.ErrInvalidForm},
		{h.member, object{"name": ""}, discord.ErrInvalidForm},
		{h.member, object{"id": here, "name": "whatever"}, nil},
		{h.member, object{"id": "5"}, discord.ErrUnknownEmoji},
		{h.member, object{"id": restricted}, discord.ErrUnknownEmoji},
		{h.member, object{"id": strange}, discord.ErrUnknownEmoji}, // is not there
		{h.member, object{"id": own}, discord.ErrUnknownEmoji},
		{h.owner, object{"id": strange}, nil},
		{bot, object{"id": own}, nil},
	} {
		if use.want != nil {
			use.as.Fails(t, http.MethodPost, h.channel+"/messages", with(use.emoji), use.want)
			continue
		}
		var m discord.Message
		use.as.Must(t, http.MethodPost, h.channel+"/messages", with(use.emoji), &m)
		if e := m.Poll.Answers[0].PollMedia.Emoji; use.emoji["id"] != nil && (*e.Name != "party" || !e.Animated || *e.ID != use.emoji["id"]) {
			t.Errorf("%v: %+v", use.emoji, e)
		}
	}
	h.Join(t, elsewhere.ID, h.member)
	h.member.Must(t, http.MethodPost, h.channel+"/messages", with(object{"id": strange}), nil)
	h.owner.Must(t, http.MethodPatch, "/guilds/"+h.guild.String()+"/roles/"+h.guild.String(), object{
		"permissions": permissions.ViewChannel | permissions.SendMessages | permissions.SendPolls}, nil)
	h.member.Fails(t, http.MethodPost, h.channel+"/messages", with(object{"id": strange}), discord.ErrMissingPermissions)
	h.member.Must(t, http.MethodPost, h.channel+"/messages", with(object{"id": here}), nil)
}

func TestVote(t *testing.T) {
	h := newHall(t)
	m := h.ask(h.channel, object{"duration": 1})
	if p := m.Poll; p == nil || len(p.Answers) != 2 || p.Expiry.Sub(m.Timestamp.Time).Hours() != 1 || *p.Answers[0].PollMedia.Emoji.Name != "🍵" {
		t.Fatalf("%+v", m.Poll)
	}
	path := h.channel + "/polls/" + m.ID.String() + "/answers/"
	seq := h.Seq(t, h.guild)
	h.member.Must(t, http.MethodPut, path+"@me", object{"answer_ids": []string{"1"}}, nil)
	h.member.Must(t, http.MethodPut, path+"@me", object{"answer_ids": []int{2}}, nil)
	h.member.Must(t, http.MethodPut, path+"@me", object{"answer_ids": []int{2}}, nil) // nothing new
	h.owner.Must(t, http.MethodPut, path+"@me", object{"answer_ids": []int{2}}, nil)
	h.owner.Must(t, http.MethodPut, path+"@me", object{"answer_ids": []int{}}, nil)
	var kinds []string
	for _, e := range h.Events(t, h.guild, seq) {
		kinds = append(kinds, e.Head.Type)
	}
	add, remove := discord.EventMessagePollVoteAdd, discord.EventMessagePollVoteRemove
	if !slices.Equal(kinds, []string{add, remove, add, add, remove}) {
		t.Errorf("events %v", kinds)
	}
	want := []discord.PollAnswerCount{{ID: 2, Count: 1, MeVoted: true}}
	if r := h.get(h.member, h.channel, m.ID).Poll.Results; !slices.Equal(r.AnswerCounts, want) || r.IsFinalized {
		t.Errorf("%+v", r)
	}
	var voters struct {
		Users []discord.User `json:"users"`
	}
	h.owner.Must(t, http.MethodGet, path+"2?limit=1", nil, &voters)
	if len(voters.Users) != 1 || voters.Users[0].ID != h.member.ID {
		t.Errorf("%+v", voters)
	}
	h.owner.Must(t, http.MethodGet, path+"2?after="+h.member.ID.String(), nil, &voters)
	if len(voters.Users) != 0 {
		t.Errorf("%+v", voters)
	}
	h.member.Fails(t, http.MethodPut, path+"@me", object{"answer_ids": []int{1, 2}}, discord.ErrInvalidForm)
	h.member.Fails(t, http.MethodPut, path+"@me", object{"answer_ids": []int{3}}, discord.ErrInvalidForm)
	h.member.Fails(t, http.MethodGet, path+"3", nil, discord.ErrNotFound)
	h.User(t).Fails(t, http.MethodPut, path+"@me", object{"answer_ids": []int{1}}, discord.ErrMissingAccess)
	bot := h.Bot(t, h.owner, 0)
	h.Join(t, h.guild, bot)
	bot.Fails(t, http.MethodPut, path+"@me", object{"answer_ids": []int{1}}, discord.ErrBotsForbidden)
	if got := h.get(bot, h.channel, m.ID); got.Poll != nil {
		t.Error("a poll passes the content gate")
	}
	h.owner.Fails(t, http.MethodPatch, h.channel+"/messages/"+m.ID.String(), object{"content": "x"}, discord.ErrPollEdit)
}

func TestPollEnds(t *testing.T) {
	h := newHall(t)
	m := h.ask(h.channel, object{"allow_multiselect": true})
	path := h.channel + "/polls/" + m.ID.String()
	h.member.Must(t, http.MethodPut, path+"/answers/@me", object{"answer_ids": []int{1, 2}}, nil)
	h.owner.Must(t, http.MethodPut, path+"/answers/@me", object{"answer_ids": []int{1}}, nil)
	h.member.Fails(t, http.MethodPost, path+"/expire", nil, discord.ErrNotAuthor)
	var ended discord.Message
	h.owner.Must(t, http.MethodPost, path+"/expire", nil, &ended)
	if !ended.Poll.Results.IsFinalized {
		t.Errorf("%+v", ended.Poll)
	}
	h.owner.Fails(t, http.MethodPost, path+"/expire", nil, discord.ErrPollExpired)
	h.member.Fails(t, http.MethodPut, path+"/answers/@me", object{"answer_ids": []int{1}}, discord.ErrPollExpired)
	var recent []discord.Message
	h.owner.Must(t, http.MethodGet, h.channel+"/messages?limit=1", nil, &recent)
	values := map[string]string{}
	for _, f := range recent[0].Embeds[0].Fields {
		values[f.Name] = f.Value
	}
	if recent[0].Type != discord.MessagePollResult || *recent[0].MessageReference.MessageID != m.ID || recent[0].Author.ID != h.owner.ID ||
		values["victor_answer_id"] != "1" || values["total_votes"] != "3" || values["victor_answer_votes"] != "2" ||
		values["victor_answer_text"] != "yes" || values["poll_question_text"] != "Tea?" {
		t.Errorf("%+v %v", recent[0], values)
	}
	plain := recent[0].ID.String()
	h.owner.Fails(t, http.MethodPost, h.channel+"/polls/"+plain+"/expire", nil, discord.ErrNoPoll)
}

func TestPollClosesByItself(t *testing.T) {
	h := newHall(t)
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	direct := "/channels/" + dm.ID.String()
	open, due, private, gone := h.ask(h.channel, nil), h.ask(h.channel, nil), h.ask(direct, nil), h.ask(h.channel, nil)
	h.owner.Must(t, http.MethodDelete, h.channel+"/messages/"+gone.ID.String(), nil, nil)
	h.Exec(t, `update polls set expires_at = now() - interval '1 second' where message_id = any($1)`, []snowflake.ID{due.ID, private.ID, gone.ID})
	h.member.Fails(t, http.MethodPut, h.channel+"/polls/"+due.ID.String()+"/answers/@me", object{"answer_ids": []int{1}}, discord.ErrPollExpired)
	for range 2 {
		if err := polls.Close(t.Context(), h.Store, h.Access); err != nil {
			t.Fatal(err)
		}
	}
	if h.get(h.owner, h.channel, open.ID).Poll.Results.IsFinalized || !h.get(h.owner, h.channel, due.ID).Poll.Results.IsFinalized ||
		!h.get(h.member, direct, private.ID).Poll.Results.IsFinalized {
		t.Error("not the polls that are due are closed")
	}
	var results int
	if err := h.Query(t, `select count(*) from messages where type = 46`).Scan(&results); err != nil || results != 2 {
		t.Errorf("%d results, %v", results, err)
	}
}

func TestFormOfAPoll(t *testing.T) {
	h := newHall(t)
	answer := object{"poll_media": object{"text": "a"}}
	for name, changes := range map[string]object{
		"no question": {"question": nil}, "long question": {"question": object{"text": strings.Repeat("a", 301)}},
		"no answers": {"answers": []object{}}, "many answers": {"answers": slices.Repeat([]object{answer}, 11)},
		"empty answer": {"answers": []object{{"poll_media": object{}}}}, "no media": {"answers": []object{{}}},
		"long answer": {"answers": []object{{"poll_media": object{"text": strings.Repeat("a", 56)}}}},
		"short":       {"duration": 0}, "long": {"duration": 769}, "layout": {"layout_type": 2},
	} {
		answer := h.owner.Do(t, http.MethodPost, h.channel+"/messages", question(changes))
		if answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
}

func TestPollsNeedAPermission(t *testing.T) {
	h := newHall(t)
	h.Exec(t, `update roles set permissions = permissions & ~(1::bigint << 49) where id = $1`, h.guild) // before it is read
	h.member.Fails(t, http.MethodPost, h.channel+"/messages", question(nil), discord.ErrMissingPermissions)
	h.ask(h.channel, nil) // the owner may
}
