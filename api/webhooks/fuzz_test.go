package webhooks

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"guildhall.chat/guildhall/internal/discord"
)

func checkEmbeds(t *testing.T, embeds []discord.Embed) {
	t.Helper()
	total := 0
	for _, e := range fit(embeds) {
		total += characters(e)
		if !utf8.ValidString(e.Title) || !utf8.ValidString(e.Description) || utf8.RuneCountInString(e.Title) > cutTitle ||
			utf8.RuneCountInString(e.Description) > cutDescription || len(e.Fields) > cutFields || e.Color != nil && (*e.Color < 0 || *e.Color > 0xffffff) {
			t.Errorf("embed %+v", e)
		}
	}
	if total > cutTotal {
		t.Errorf("%d characters", total)
	}
}

func FuzzGithub(f *testing.F) {
	for event := range githubEvents {
		f.Add(event, []byte(`{"action":"opened","ref":"refs/heads/x","commits":[{"id":"ß","message":"a\nb"}],"issue":{},"pull_request":{},"repository":{}}`))
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		var b githubBody
		if json.Unmarshal(body, &b) != nil {
			return
		}
		if e := b.embed(event); e != nil {
			checkEmbeds(t, []discord.Embed{*e})
		}
	})
}

func FuzzSlack(f *testing.F) {
	f.Add([]byte(`{"text":"<https://a.b|c>","attachments":[{"color":"#fff","ts":"1e9","fields":[{"title":"a","value":"b"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b slackBody
		if json.Unmarshal(body, &b) != nil {
			return
		}
		var embeds []discord.Embed
		for i := range b.Attachments {
			if e := b.Attachments[i].embed(); e != nil {
				embeds = append(embeds, *e)
			}
		}
		checkEmbeds(t, embeds)
	})
}
