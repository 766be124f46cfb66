package search_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/search"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// hall is a guild of an owner, a member and two channels.
type hall struct {
	*apitest.World
	t             *testing.T
	guild         snowflake.ID
	text, secret  snowflake.ID // the member does not see the second
	owner, member *apitest.Client
}

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			search.New(w.Store, w.Access).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
			threads.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	h.text = h.channel(object{"name": "text", "type": 0})
	h.secret = h.channel(object{"name": "secret", "type": 0, "permission_overwrites": []object{
		{"id": g.ID, "type": 0, "deny": permissions.ViewChannel.String()},
	}})
	w.Join(t, h.guild, h.member)
	return h
}

func (h *hall) channel(body object) snowflake.ID {
	var c discord.Channel
	h.owner.Must(h.t, http.MethodPost, "/guilds/"+h.guild.String()+"/channels", body, &c)
	return c.ID
}

func (h *hall) post(as *apitest.Client, channel snowflake.ID, body object) string {
	h.t.Helper()
	var m discord.Message
	as.Must(h.t, http.MethodPost, "/channels/"+channel.String()+"/messages", body, &m)
	return m.ID.String()
}

func (h *hall) index() {
	h.t.Helper()
	if err := search.Index(h.t.Context(), h.Store); err != nil {
		h.t.Fatal(err)
	}
}

type result struct {
	Total    int                `json:"total_results"`
	Messages [][]map[string]any `json:"messages"`
	Deep     bool               `json:"doing_deep_historical_index"`
}

func (r result) ids() []string {
	ids := []string{}
	for _, group := range r.Messages {
		ids = append(ids, group[0]["id"].(string))
	}
	return ids
}

func (h *hall) search(as *apitest.Client, query string) result {
	h.t.Helper()
	var r result
	as.Must(h.t, http.MethodGet, "/guilds/"+h.guild.String()+"/messages/search?"+query, nil, &r)
	return r
}

func (h *hall) finds(as *apitest.Client, query string, want ...string) {
	h.t.Helper()
	if got := h.search(as, query); !slices.Equal(got.ids(), want) && len(got.ids())+len(want) > 0 {
		h.t.Errorf("%s finds %v, expected %v", query, got.ids(), want)
	}
}

func TestNothingIsFoundBeforeTheIndexBegins(t *testing.T) {
	h := newHall(t)
	path := "/guilds/" + h.guild.String() + "/messages/search"
	h.owner.Fails(t, http.MethodGet, path, nil, discord.ErrIndexNotReady)
	old := h.post(h.owner, h.text, object{"content": "older than the index"})
	h.index()
	h.finds(h.owner, "content=older", old)
}

func TestWords(t *testing.T) {
	h := newHall(t)
	h.index()
	quick := h.post(h.owner, h.text, object{"content": "The quick brown foxes jumped"})
	hidden := h.post(h.owner, h.secret, object{"content": "a quick secret"})
	nihon := h.post(h.member, h.text, object{"content": "明日は日本へ行く 👍"})
	embed := h.post(h.owner, h.text, object{"embeds": []object{{"title": "Release notes", "description": "of Tuesday"}}})
	h.index()
	for query, want := range map[string][]string{
		"content=quick":                            {hidden, quick},
		"content=QUICK&sort_order=asc":             {quick, hidden},
		"content=jumping+fox":                      {},      // the order counts
		"content=fox+jump":                         {quick}, // endings do not
		"content=quick+fox":                        {quick},
		"content=quick+jump&slop=1":                {},
		"content=quick+jump&slop=2":                {quick},
		"content=quick+jump&slop=100":              {quick},
		"content=" + url.QueryEscape("日本"):         {nihon},
		"content=" + url.QueryEscape("本日"):         {},
		"content=" + url.QueryEscape("👍"):          {nihon},
		"content=" + url.QueryEscape(`'\ | & ! <`): {},
		"content=tuesday":                          {embed},
		"content=quick&sort_by=relevance&limit=1":  {hidden}, // as many hits in fewer words; the newest of equals
	} {
		h.finds(h.owner, query, want...)
	}
	h.finds(h.member, "content=quick", quick)
}

func TestFilters(t *testing.T) {
	h := newHall(t)
	h.index()
	plain := h.post(h.owner, h.text, object{"content": "plain"})
	link := h.post(h.owner, h.text, object{"content": "see https://www.example.com/a?b=c"})
	mention := h.post(h.owner, h.text, object{"content": "<@" + h.member.ID.String() + "> and @everyone"})
	reply := h.post(h.member, h.text, object{"content": "yes", "message_reference": object{"message_id": plain}})
	forward := h.post(h.member, h.text, object{"message_reference": object{"type": 1, "message_id": plain, "channel_id": h.text}})
	embed := h.post(h.owner, h.secret, object{"embeds": []object{{"title": "t"}}})
	h.index()
	owner, member := h.owner.ID.String(), h.member.ID.String()
	for query, want := range map[string][]string{
		"author_id=" + member + "&min_id=" + plain:                         {forward, reply}, // not the message of the join
		"author_id=" + owner + "&author_id=" + member + "&min_id=" + plain: {embed, forward, reply, mention, link},
		"author_id=" + owner + "&has=link":                                 {link},
		"has=link&has=snapshot":                                            {forward, link},
		"author_id=" + owner + "&has=-link&has=-embed":                     {mention, plain},
		"author_type=-user":                                                {},
		"author_type=user&mentions=" + member:                              {mention},
		"mention_everyone=true":                                            {mention},
		"mention_everyone=false&author_id=" + owner:                        {embed, link, plain},
		"link_hostname=EXAMPLE.com":                                        {link},
		"link_hostname=ample.com":                                          {},
		"replied_to_message_id=" + plain:                                   {reply},
		"replied_to_user_id=" + owner:                                      {reply},
		"channel_id=" + h.secret.String() + "&has=embed":                   {embed},
		"min_id=" + plain + "&max_id=" + mention:                           {link},
		"author_id=" + owner + "&limit=2&offset=1":                         {mention, link},
		"content=plain":                                                    {forward, plain},
		"pinned=true":                                                      {},
		"embed_type=article&embed_provider=x":                              {},
		"attachment_filename=a.png&attachment_extension=png":               {},
	} {
		h.finds(h.owner, query, want...)
	}
	if got := h.search(h.owner, "author_id="+owner+"&limit=2&offset=1"); got.Total != 4 || got.Deep {
		t.Errorf("%+v", got)
	}
}

func TestEditsAndDeletionsAreFollowed(t *testing.T) {
	h := newHall(t)
	h.index()
	id := h.post(h.owner, h.text, object{"content": "first"})
	h.index()
	h.finds(h.owner, "content=first", id)
	path := "/channels/" + h.text.String() + "/messages/" + id
	h.owner.Must(t, http.MethodPatch, path, object{"content": "second"}, nil)
	h.index()
	h.finds(h.owner, "content=first")
	h.finds(h.owner, "content=second", id)
	h.owner.Must(t, http.MethodDelete, path, nil, nil)
	h.finds(h.owner, "content=second") // at once
	h.index()
	if got := h.search(h.owner, "content=second"); got.Total != 0 {
		t.Errorf("%d hits", got.Total)
	}
}

func TestSearchManyMessagesInBatches(t *testing.T) {
	h := newHall(t)
	h.Exec(t, `insert into messages (id, channel_id, guild_id, author_id, content)
		select n, $1, $2, $3, 'old ' || n from generate_series(1, 1203) n`, h.text, h.guild, h.owner.ID)
	h.index()
	if got := h.search(h.owner, "content=old&limit=25&offset=1200"); got.Total != 1203 || !slices.Equal(got.ids(), []string{"3", "2", "1"}) {
		t.Errorf("%d: %v", got.Total, got.ids())
	}
}

func TestDirectMessages(t *testing.T) {
	h := newHall(t)
	h.index()
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	id := h.post(h.owner, dm.ID, object{"content": "between us"})
	h.index()
	path := "/channels/" + dm.ID.String() + "/messages/search?content=between"
	var r result
	h.member.Must(t, http.MethodGet, path, nil, &r)
	if !slices.Equal(r.ids(), []string{id}) {
		t.Errorf("%+v", r)
	}
	h.finds(h.owner, "content=between")
	stranger := h.User(t)
	stranger.Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	bot := h.Bot(t, h.owner, 1<<18)
	bot.Fails(t, http.MethodGet, path, nil, discord.ErrBotsForbidden)

	var tabs struct {
		Tabs map[string]struct {
			result
			Cursor object `json:"cursor"`
		} `json:"tabs"`
	}
	second := h.post(h.member, dm.ID, object{"content": "https://example.com"})
	h.index()
	body := object{"tabs": object{"messages": object{"limit": 1}, "links": object{"has": []string{"link"}}}}
	h.member.Must(t, http.MethodPost, "/users/@me/messages/search/tabs", body, &tabs)
	if !slices.Equal(tabs.Tabs["messages"].ids(), []string{second}) || !slices.Equal(tabs.Tabs["links"].ids(), []string{second}) {
		t.Errorf("%+v", tabs)
	}
	body = object{"tabs": object{"messages": object{"limit": 1, "cursor": tabs.Tabs["messages"].Cursor}}}
	h.member.Must(t, http.MethodPost, "/channels/"+dm.ID.String()+"/messages/search/tabs", body, &tabs)
	if !slices.Equal(tabs.Tabs["messages"].ids(), []string{id}) {
		t.Errorf("%+v", tabs)
	}
}

func TestPrivateThreadsAreSearchedByWhoSeesThem(t *testing.T) {
	h := newHall(t)
	h.index()
	begin := func(in snowflake.ID) (thread discord.Channel, message string) {
		h.owner.Must(t, http.MethodPost, "/channels/"+in.String()+"/threads", object{"name": "apart", "type": 12}, &thread)
		return thread, h.post(h.owner, thread.ID, object{"content": "whispered"})
	}
	thread, message := begin(h.text)
	hidden, second := begin(h.secret)
	other := h.User(t)
	h.Join(t, h.guild, other)
	h.index()
	h.finds(h.owner, "content=whispered", second, message)
	h.finds(h.member, "content=whispered")
	members := "/channels/" + thread.ID.String() + "/thread-members/" + h.member.ID.String()
	h.owner.Must(t, http.MethodPut, members, nil, nil)
	h.Exec(t, `insert into thread_members (thread_id, guild_id, user_id) values ($1, $2, $3)`, hidden.ID, h.guild, h.member.ID)
	h.finds(h.member, "content=whispered", message) // not where the channel is out of sight
	h.finds(h.member, "content=whispered&channel_id="+h.text.String(), message)
	h.finds(other, "content=whispered")
	h.owner.Must(t, http.MethodDelete, members, nil, nil)
	h.finds(h.member, "content=whispered")
	h.owner.Must(t, http.MethodDelete, "/channels/"+thread.ID.String(), nil, nil)
	h.finds(h.owner, "content=whispered", second)
}

func TestWhoMaySearch(t *testing.T) {
	h := newHall(t)
	h.index()
	path := "/guilds/" + h.guild.String() + "/messages/search"
	h.User(t).Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	h.Anyone().Fails(t, http.MethodGet, path, nil, discord.ErrUnauthorized)
	h.member.Fails(t, http.MethodGet, path+"?channel_id="+h.secret.String(), nil, discord.ErrMissingPermissions)
	blind, seeing := h.Bot(t, h.owner, 0), h.Bot(t, h.owner, 1<<18)
	h.Join(t, h.guild, blind, seeing)
	blind.Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	seeing.Must(t, http.MethodGet, path, nil, nil)
	for _, query := range []string{"limit=0", "limit=26", "offset=9976", "slop=101", "has=x", "author_type=me", "sort_by=x",
		"author_id=x", "mention_everyone=maybe", fmt.Sprintf("content=%01025d", 0)} {
		h.member.Fails(t, http.MethodGet, path+"?"+query, nil, discord.ErrInvalidForm)
	}
}

// A batch ends between two transactions, and 100 comes after 99.
func TestTransactionsAreFollowedByTheirNumbers(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.index()
	early, late := h.post(h.owner, h.text, object{"content": "find early"}), h.post(h.owner, h.text, object{"content": "find late"})
	h.Exec(t, `update search_state set mark = '1', below = 0`)
	for text, transaction := range map[string]string{"find early": "99", "find late": "100"} {
		h.Exec(t, `update outbox set xid = $2::text::xid8 where position(convert_to($1, 'UTF8') in event) > 0`, text, transaction)
	}
	for done := false; !done; {
		var err error
		done, err = h.Store.FollowSearch(t.Context(), 1, func(m *store.SearchedMessage) store.SearchDocument {
			return store.SearchDocument{Text: m.Content}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	h.finds(h.owner, "content=find", late, early)
}
