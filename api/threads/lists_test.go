package threads_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func names(list discord.ThreadList) (names []string) {
	for _, c := range list.Threads {
		names = append(names, *c.Name)
	}
	return names
}

func TestLists(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for _, name := range []string{"one", "two", "three"} {
		c := h.thread(h.alice, h.text, object{"name": name, "type": 11})
		h.alice.Must(t, http.MethodPatch, at(c.ID), object{"archived": true}, nil)
		c = h.thread(h.alice, h.text, object{"name": "private " + name, "type": 12})
		h.alice.Must(t, http.MethodPatch, at(c.ID), object{"archived": true}, nil)
	}
	h.thread(h.alice, h.text, object{"name": "public", "type": 11})
	h.thread(h.alice, h.text, object{"name": "hidden", "type": 12})

	var list discord.ThreadList
	get := func(path string) []string {
		t.Helper()
		list = discord.ThreadList{}
		h.alice.Must(t, http.MethodGet, path, nil, &list)
		return names(list)
	}
	public := at(h.text, "threads/archived/public?limit=2")
	if got := get(public); !slices.Equal(got, []string{"three", "two"}) || !list.HasMore || len(list.Members) != 2 {
		t.Errorf("first page %v, %+v", got, list)
	}
	before := url.QueryEscape(list.Threads[1].ThreadMetadata.ArchiveTimestamp.Format("2006-01-02T15:04:05.000000-07:00"))
	if got := get(public + "&before=" + before); !slices.Equal(got, []string{"one"}) || list.HasMore {
		t.Errorf("second page %v, %+v", got, list)
	}
	joined := at(h.text, "users/@me/threads/archived/private?limit=2")
	if got := get(joined); !slices.Equal(got, []string{"private three", "private two"}) || !list.HasMore {
		t.Errorf("joined %v", got)
	}
	if got := get(joined + "&before=" + list.Threads[1].ID.String()); !slices.Equal(got, []string{"private one"}) || list.HasMore {
		t.Errorf("joined before %v", got)
	}
	if got := get("/guilds/" + h.guild.String() + "/threads/active"); !slices.Equal(got, []string{"hidden", "public"}) {
		t.Errorf("active %v", got)
	}
	var others discord.ThreadList
	h.bob.Must(t, http.MethodGet, "/guilds/"+h.guild.String()+"/threads/active", nil, &others)
	if got := names(others); !slices.Equal(got, []string{"public"}) || len(others.Members) != 0 {
		t.Errorf("active, to another %v", got)
	}
	private := at(h.text, "threads/archived/private")
	h.bob.Fails(t, http.MethodGet, private, nil, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodGet, private, nil, &others)
	if len(others.Threads) != 3 {
		t.Errorf("private %v", names(others))
	}
	h.bob.Fails(t, http.MethodGet, at(h.text, "threads/archived/public?before=yesterday"), nil, discord.ErrInvalidForm)
	h.deny(h.text, permissions.ReadMessageHistory)
	h.bob.Fails(t, http.MethodGet, public, nil, discord.ErrMissingPermissions)
	h.stranger.Fails(t, http.MethodGet, public, nil, discord.ErrMissingAccess)
}

func TestForumPosts(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	forum := h.get(h.owner, h.forum)
	one, two := forum.AvailableTags[0].ID, forum.AvailableTags[1].ID
	path := at(h.forum, "threads")
	h.bob.Fails(t, http.MethodPost, path, object{"name": "post"}, discord.ErrInvalidForm)
	h.bob.Fails(t, http.MethodPost, path, object{"name": "post", "message": object{}}, discord.ErrEmptyMessage)
	h.bob.Fails(t, http.MethodPost, path, object{"name": "post", "message": object{"content": "x"}, "applied_tags": []string{"1"}}, discord.ErrUnknownTag)
	h.bob.Fails(t, http.MethodPost, path, object{"name": "post", "message": object{"content": "x"}, "applied_tags": []any{two}}, discord.ErrMissingPermissions)
	h.bob.Fails(t, http.MethodPost, at(h.forum, "messages"), object{"content": "x"}, discord.ErrNotText)
	var post discord.Channel
	h.bob.Must(t, http.MethodPost, path, object{"name": "How to dance", "message": object{"content": "slowly?"}, "applied_tags": []any{one}}, &post)
	if post.Message == nil || post.Message.ID != post.ID || post.Message.ChannelID != post.ID || post.MessageCount != 0 || !slices.Equal(post.AppliedTags, []snowflake.ID{one}) {
		t.Errorf("made %+v", post.Thread)
	}
	if got := h.get(h.owner, h.forum); **got.LastMessageID != post.ID {
		t.Errorf("the forum's last is %v", got.LastMessageID)
	}
	h.say(h.alice, post.ID, "fast")
	h.owner.Must(t, http.MethodPatch, at(h.forum), object{"flags": discord.ChannelFlagRequireTag}, nil)
	h.bob.Fails(t, http.MethodPost, path, object{"name": "post", "message": object{"content": "x"}}, discord.ErrTagRequired)
	h.owner.Must(t, http.MethodPatch, at(post.ID), object{"flags": discord.ChannelFlagPinned, "applied_tags": []any{two}}, nil)
	h.bob.Fails(t, http.MethodPatch, at(post.ID), object{"applied_tags": []any{one}}, discord.ErrMissingPermissions)
	other := h.thread(h.owner, h.forum, object{"name": "How to sing and dance well", "message": object{"content": "loud"}, "applied_tags": []any{one}})
	h.owner.Fails(t, http.MethodPatch, at(other.ID), object{"flags": discord.ChannelFlagPinned}, discord.ErrTooManyPinned)
	h.owner.Must(t, http.MethodPatch, at(post.ID), object{"archived": true}, &post)
	h.owner.Must(t, http.MethodPatch, at(post.ID), object{"archived": false}, nil)
	if post.Flags&discord.ChannelFlagPinned != 0 {
		t.Error("an archived post is pinned")
	}
	h.owner.Must(t, http.MethodPatch, at(other.ID), object{"flags": discord.ChannelFlagPinned}, nil)
	h.owner.Fails(t, http.MethodPatch, at(h.forum), object{"available_tags": []object{{"name": "a"}, {"name": "A"}}}, discord.ErrTagNames)

	for query, want := range map[string][]string{
		"name=how+dance":                  {"How to dance"},
		"name=how+dance&slop=1":           {"How to dance"},
		"name=how+dance&slop=3":           {"How to dance", "How to sing and dance well"},
		"tag=" + one.String():             {"How to sing and dance well"},
		"name=.*":                         nil,
		"sort_by=creation_time":           {"How to sing and dance well", "How to dance"},
		"archived=true":                   nil,
		"limit=1&sort_by=creation_time":   {"How to sing and dance well"},
		"max_id=" + other.ID.String():     {"How to dance"},
		"sort_by=relevance&name=how+to+s": {"How to sing and dance well"},
	} {
		var found discord.ThreadList
		h.bob.Must(t, http.MethodGet, path+"/search?"+query, nil, &found)
		got := names(found)
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
		if !slices.Equal(got, want) || len(found.FirstMessages) != len(want) {
			t.Errorf("%s finds %v", query, got)
		}
	}
	h.bob.Fails(t, http.MethodGet, path+"/search?sort_by=beauty&tag=x", nil, discord.ErrInvalidForm)
}
