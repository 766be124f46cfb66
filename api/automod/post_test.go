package automod_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

// What begins a post in a forum is judged as any other message, whoever makes the post.
func TestPostsAreJudgedToo(t *testing.T) {
	h := newHall(t)
	var forum discord.Channel
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/channels", object{"name": "forum", "type": 15}, &forum)
	var w discord.Webhook
	h.owner.Must(t, http.MethodPost, "/channels/"+forum.ID.String()+"/webhooks", object{"name": "Hook"}, &w)
	posts, hook := "/channels/"+forum.ID.String()+"/threads", "/webhooks/"+w.ID.String()+"/"+w.Token
	post := func(content string) object { return object{"name": "dinner", "message": object{"content": content}} }
	hooked := func(content string) object { return object{"thread_name": "dinner", "content": content} }
	rule := h.create(h.keywordRule(block))

	seq := h.Seq(t, h.guild)
	h.member.Fails(t, http.MethodPost, posts, post("cabbage"), discord.ErrMessageBlocked)
	h.Anyone().Fails(t, http.MethodPost, hook, hooked("cabbage"), discord.ErrMessageBlocked)
	evs := h.since(seq)
	if len(evs[discord.EventThreadCreate]) != 0 || len(evs[discord.EventMessageCreate]) != 0 || len(evs[discord.EventAutoModActionExecution]) != 2 {
		t.Fatalf("%v", evs)
	}
	var e discord.AutoModExecution
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][0], &e); err != nil || e.RuleID != rule.ID ||
		e.ChannelID == nil || *e.ChannelID != forum.ID || e.MessageID != nil || e.UserID != h.member.ID {
		t.Errorf("%+v %v", e, err)
	}
	h.owner.Must(t, http.MethodPost, posts, post("cabbage"), nil) // manages the guild
	h.member.Must(t, http.MethodPost, posts, post("carrot"), nil)
	h.Anyone().Must(t, http.MethodPost, hook, hooked("carrot"), nil)

	// A rule that only tells lets the post pass, and names its message.
	h.owner.Must(t, http.MethodPatch, h.rules+"/"+rule.ID.String(),
		object{"actions": []object{{"type": 2, "metadata": object{"channel_id": h.text}}}}, nil)
	seq = h.Seq(t, h.guild)
	var made discord.Channel
	h.member.Must(t, http.MethodPost, posts, post("cabbage"), &made)
	evs = h.since(seq)
	if len(evs[discord.EventAutoModActionExecution]) != 1 || len(evs[discord.EventThreadCreate]) == 0 {
		t.Fatalf("%v", evs)
	}
	e = discord.AutoModExecution{}
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][0], &e); err != nil ||
		e.ChannelID == nil || *e.ChannelID != made.ID || e.MessageID == nil || *e.MessageID != made.ID || e.AlertID == nil {
		t.Errorf("%+v %v", e, err)
	}
}

// The title of a thread is judged as what is said in it.
func TestTitlesAreJudged(t *testing.T) {
	h := newHall(t)
	h.create(h.keywordRule(block))
	var forum, thread discord.Channel
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.guild.String()+"/channels", object{"name": "forum", "type": 15}, &forum)
	var m discord.Message
	h.member.Must(t, http.MethodPost, h.messages(), object{"content": "dinner?"}, &m)
	named := func(name string) object {
		return object{"name": name, "type": discord.ChannelPublicThread, "message": object{"content": "bring forks"}}
	}
	seq := h.Seq(t, h.guild)
	paths := []string{
		"/channels/" + h.text.String() + "/threads", h.messages() + "/" + m.ID.String() + "/threads",
		"/channels/" + forum.ID.String() + "/threads",
	}
	for _, path := range paths {
		h.member.Fails(t, http.MethodPost, path, named("Cabbage soup"), discord.ErrTitleBlocked)
	}
	evs := h.since(seq)
	if len(evs[discord.EventThreadCreate]) != 0 || len(evs[discord.EventAutoModActionExecution]) != len(paths) {
		t.Fatalf("%v", evs)
	}
	var e discord.AutoModExecution
	if err := json.Unmarshal(evs[discord.EventAutoModActionExecution][0], &e); err != nil || e.Content != "Cabbage soup" ||
		e.UserID != h.member.ID || e.ChannelID == nil || *e.ChannelID != h.text || e.MessageID != nil {
		t.Errorf("%+v %v", e, err)
	}
	h.member.Must(t, http.MethodPost, paths[0], named("carrot soup"), &thread)
	one := "/channels/" + thread.ID.String()
	h.member.Fails(t, http.MethodPatch, one, object{"name": "cabbage soup"}, discord.ErrTitleBlocked)
	h.member.Must(t, http.MethodPatch, one, object{"name": "leek soup"}, nil)
	h.owner.Must(t, http.MethodPatch, one, object{"name": "cabbage soup"}, nil)                    // manages the guild
	h.member.Must(t, http.MethodPatch, one, object{"name": "cabbage soup", "archived": true}, nil) // it has that title
}
