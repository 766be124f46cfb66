package webhooks_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

// newest is the last message of the hall's channel.
func (h *hall) newest(t *testing.T) discord.Message {
	t.Helper()
	var list []discord.Message
	h.owner.Must(t, http.MethodGet, "/channels/"+h.channel.String()+"/messages?limit=1", nil, &list)
	if len(list) != 1 {
		t.Fatal("no message")
	}
	return list[0]
}

func TestSlackMessageIsTranslated(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	body := map[string]any{
		"text": "Build <https://ci.example/1|#1> &lt;ok&gt;", "username": "CI",
		"attachments": []any{map[string]any{
			"fallback": "unused", "color": "#36a64f", "pretext": "Before", "author_name": "Ann", "author_link": "https://ann.example",
			"title": "Title", "title_link": "https://title.example", "text": "Text", "image_url": "https://pic.example/a.png",
			"thumb_url": "javascript:alert(1)", "footer": "Foot", "ts": 1700000000,
			"fields": []any{map[string]any{"title": "Priority", "value": "High", "short": true}, map[string]any{"title": "", "value": "x"}},
		}, map[string]any{"fallback": "Only this", "color": "danger"}, map[string]any{"color": "#zzz"}},
	}
	answer := h.Anyone().Do(t, http.MethodPost, secret(w)+"/slack", body)
	if answer.Status != http.StatusOK || string(answer.Body) != `"ok"` {
		t.Fatalf("answer %d %s", answer.Status, answer.Body)
	}
	m := h.newest(t)
	if m.Content != "Build [#1](https://ci.example/1) <ok>" || m.Author.Username != "CI" || len(m.Embeds) != 2 {
		t.Fatalf("message %+v", m)
	}
	e := m.Embeds[0]
	if e.Title != "Title" || e.URL != "https://title.example" || e.Description != "Before\nText" || *e.Color != 0x36a64f ||
		e.Author.Name != "Ann" || e.Image.URL != "https://pic.example/a.png" || e.Thumbnail != nil || e.Footer.Text != "Foot" ||
		e.Timestamp.Unix() != 1700000000 || len(e.Fields) != 1 || e.Fields[0].Name != "Priority" || !e.Fields[0].Inline {
		t.Errorf("embed %+v", e)
	}
	if e := m.Embeds[1]; e.Description != "Only this" || *e.Color != 0xa30200 {
		t.Errorf("embed %+v", e)
	}
}

func TestSlackMessageAsAForm(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	form := h.Anyone()
	form.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	form.Must(t, http.MethodPost, secret(w)+"/slack", []byte(url.Values{"payload": {`{"text":"from a form"}`}}.Encode()), nil)
	if m := h.newest(t); m.Content != "from a form" {
		t.Errorf("content %q", m.Content)
	}
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"/slack", map[string]any{}, discord.ErrEmptyMessage)
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"/slack", map[string]any{"text": "x", "username": "clyde"}, discord.ErrInvalidForm)
	h.Anyone().Fails(t, http.MethodPost, secret(w)+"x/slack", map[string]any{"text": "x"}, discord.ErrWebhookToken)
}

func TestForeignMessagesAreCutToSize(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	attachment := map[string]any{"title": strings.Repeat("t", 300), "text": strings.Repeat("ß", 5000)}
	h.Anyone().Must(t, http.MethodPost, secret(w)+"/slack", map[string]any{
		"text": strings.Repeat("x", 3000), "attachments": []any{attachment, attachment},
	}, nil)
	m := h.newest(t)
	if n := len([]rune(m.Content)); n != 2000 || len(m.Embeds) != 1 || len([]rune(m.Embeds[0].Title)) != 256 ||
		len([]rune(m.Embeds[0].Description)) != 4096 {
		t.Errorf("%d characters and %d embeds", n, len(m.Embeds))
	}
	many := make([]any, 30)
	for i := range many {
		many[i] = map[string]any{"text": "x"}
	}
	h.Anyone().Must(t, http.MethodPost, secret(w)+"/slack", map[string]any{"attachments": many}, nil)
	if m := h.newest(t); len(m.Embeds) != 10 {
		t.Errorf("%d embeds", len(m.Embeds))
	}
}

// github is what every event of GitHub carries, with more.
func github(more string) []byte {
	return []byte(`{"sender":{"id":1,"login":"octocat","html_url":"https://github.example/octocat","avatar_url":"https://github.example/a.png"},
		"repository":{"id":2,"name":"hello","full_name":"octocat/hello","html_url":"https://github.example/octocat/hello"},` + more + `}`)
}

func (h *hall) github(event string) *apitest.Client {
	c := h.Anyone()
	c.Header = http.Header{"X-Github-Event": {event}, "Content-Type": {"application/json"}}
	return c
}

func TestGithubEventsAreTranslated(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	const (
		issue      = `"issue":{"id":1,"number":7,"title":"It broke","html_url":"https://github.example/7","body":"Really"}`
		pull       = `"pull_request":{"id":1,"number":8,"title":"Mend","html_url":"https://github.example/8","body":null}`
		comment    = `"comment":{"id":1,"html_url":"https://github.example/c","body":"Yes","commit_id":"0123456789abcdef"}`
		discussion = `"discussion":{"number":9,"title":"Why","html_url":"https://github.example/9","answer_html_url":"https://github.example/9a","body":"?"}`
		suite      = `{"head_branch":"main","head_sha":"0123456789","conclusion":"failure","app":{"name":"Actions"}}`
	)
	for _, tt := range []struct{ event, body, title, url, description string }{
		{"push", `"ref":"refs/heads/main","compare":"https://github.example/cmp","commits":[
			{"id":"0123456789","url":"https://github.example/1","message":"One\n\nmore","author":{"name":"Ann"}},
			{"id":"abcdefabcdef","url":"https://github.example/2","message":"Two","author":{"name":"B","username":"bob"}}]`,
			"[hello:main] 2 new commits", "https://github.example/cmp",
			"[`0123456`](https://github.example/1) One - Ann\n[`abcdefa`](https://github.example/2) Two - bob"},
		{"push", `"ref":"refs/heads/main","forced":true,"after":"0123456789","commits":[]`, "[octocat/hello] Force-pushed branch main to 0123456", "", ""},
		{"issues", `"action":"opened",` + issue, "[octocat/hello] Issue opened: #7 It broke", "https://github.example/7", "Really"},
		{"issues", `"action":"closed",` + issue, "[octocat/hello] Issue closed: #7 It broke", "https://github.example/7", ""},
		{"issue_comment", `"action":"created",` + issue + `,` + comment, "[octocat/hello] New comment on issue #7: It broke", "https://github.example/c", "Yes"},
		{"pull_request", `"action":"opened",` + pull, "[octocat/hello] Pull request opened: #8 Mend", "https://github.example/8", ""},
		{"pull_request_review", `"action":"submitted","review":{"state":"approved","html_url":"https://github.example/r","body":"Fine"},` + pull,
			"[octocat/hello] Pull request review approved: #8 Mend", "https://github.example/r", "Fine"},
		{"pull_request_review_comment", `"action":"created",` + pull + `,` + comment, "[octocat/hello] New review comment on pull request #8: Mend", "https://github.example/c", "Yes"},
		{"create", `"ref":"topic","ref_type":"branch"`, "[octocat/hello] New branch created: topic", "https://github.example/octocat/hello/tree/topic", ""},
		{"delete", `"ref":"v1","ref_type":"tag"`, "[octocat/hello] tag deleted: v1", "https://github.example/octocat/hello", ""},
		{"fork", `"forkee":{"full_name":"bob/hello","html_url":"https://github.example/bob"}`, "[octocat/hello] Fork created: bob/hello", "https://github.example/bob", ""},
		{"commit_comment", comment, "[octocat/hello] New comment on commit `0123456`", "https://github.example/c", "Yes"},
		{"member", `"action":"added","member":{"login":"bob","html_url":"https://github.example/bob"}`, "[octocat/hello] New collaborator added: bob", "https://github.example/bob", ""},
		{"public", `"action":null`, "[octocat/hello] Now public", "https://github.example/octocat/hello", ""},
		{"release", `"action":"published","release":{"tag_name":"v1","name":"","html_url":"https://github.example/v1","body":"New"}`, "[octocat/hello] New release published: v1", "https://github.example/v1", "New"},
		{"watch", `"action":"started"`, "[octocat/hello] New star added", "https://github.example/octocat/hello", ""},
		{"check_run", `"action":"completed","check_run":{"name":"test","conclusion":"success","html_url":"https://github.example/run","details_url":null,"output":{"summary":"All"},"check_suite":` + suite + `}`,
			"[octocat/hello] test: success on main", "https://github.example/run", "All"},
		{"check_suite", `"action":"completed","check_suite":` + suite, "[octocat/hello] Actions checks: failure on main", "https://github.example/octocat/hello/commit/0123456789", ""},
		{"discussion", `"action":"created",` + discussion, "[octocat/hello] New discussion #9: Why", "https://github.example/9", "?"},
		{"discussion", `"action":"answered","answer":{"body":"Because"},` + discussion, "[octocat/hello] Discussion #9 answered: Why", "https://github.example/9a", "Because"},
		{"discussion_comment", `"action":"created",` + comment + `,` + discussion, "[octocat/hello] New comment on discussion #9: Why", "https://github.example/c", "Yes"},
	} {
		answer := h.github(tt.event).Do(t, http.MethodPost, secret(w)+"/github", github(tt.body))
		if answer.Status != http.StatusNoContent {
			t.Errorf("%s: %d %s", tt.event, answer.Status, answer.Body)
			continue
		}
		e := h.newest(t).Embeds[0]
		if e.Title != tt.title || e.URL != tt.url || e.Description != tt.description || e.Author == nil || e.Author.Name != "octocat" || e.Color == nil {
			shown, _ := json.Marshal(e)
			t.Errorf("%s: %s", tt.event, shown)
		}
	}
}

func TestGithubEventsThatSayNothingAreTakenInSilence(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	w := h.webhook(t, map[string]any{"name": "Hook"})
	for event, body := range map[string]string{
		"ping": `"zen":"x"`, "issues": `"action":"labeled"`, "pull_request": `"action":"opened"`, "release": `"action":"created"`,
		"check_run": `"action":"created","check_run":{}`, "push": `"ref":"refs/heads/x","commits":[]`, "": `"a":1`, "watch": `"action":"x"`,
	} {
		if answer := h.github(event).Do(t, http.MethodPost, secret(w)+"/github", github(body)); answer.Status != http.StatusNoContent {
			t.Errorf("%s: %d %s", event, answer.Status, answer.Body)
		}
	}
	if m := h.newest(t); m.WebhookID != nil {
		t.Errorf("posted %+v", m)
	}
	h.github("push").Fails(t, http.MethodPost, secret(w)+"/github", []byte(`[`), discord.ErrInvalidJSON)
	h.github("push").Fails(t, http.MethodPost, secret(w)+"/github", []byte(`{"commits":5}`), discord.ErrInvalidForm)
}
