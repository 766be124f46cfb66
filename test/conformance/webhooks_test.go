package conformance_test

import "testing"

const (
	channelWebhooks = "/channels/{channel_id}/webhooks"
	webhook         = "/webhooks/{webhook_id}"
	webhookToken    = webhook + "/{webhook_token}"
	webhookMessage  = webhookToken + "/messages/{message_id}"
)

func (s *suite) webhooks(t *testing.T) {
	own, nobody := s.owner.Client, s.nobody
	made := s.ok(t, own, "POST "+channelWebhooks, object{"name": "Captain Hook", "avatar": nil}, s.text)
	id, token := made.text("id"), made.text("token")
	s.ok(t, s.bot.Client, "POST "+channelWebhooks, object{"name": "of an application"}, s.text)
	s.ok(t, own, "GET "+channelWebhooks, nil, s.text).some()
	s.ok(t, s.bot.Client, "GET /guilds/{guild_id}/webhooks", nil, s.guild).some()
	s.ok(t, own, "GET "+webhook, nil, id)
	s.ok(t, own, "PATCH "+webhook, object{"name": "Smee"}, id)
	s.ok(t, nobody, "GET "+webhookToken, nil, id, token)
	s.ok(t, nobody, "PATCH "+webhookToken, object{"name": "Starkey"}, id, token)

	full := s.fullMessage()
	full["username"], full["avatar_url"] = "Peter", "http://127.0.0.1/out-of-reach.png"
	delete(full, "components")
	m := s.ok(t, nobody, "POST "+webhookToken+"?wait=true", full, id, token).text("id")
	s.ok(t, nobody, "POST "+webhookToken, object{"content": "nobody waits"}, id, token)
	s.ok(t, nobody, "POST "+webhookToken+"/slack", object{"text": "from elsewhere", "attachments": []object{{"text": "x", "color": "#fff"}}}, id, token)
	s.ok(t, nobody, "POST "+webhookToken+"/github", object{
		"sender": object{"id": 1, "login": "octocat", "html_url": "https://example.com/", "avatar_url": "https://example.com/a.png"},
	}, id, token)
	s.ok(t, nobody, "GET "+webhookMessage, nil, id, token, m)
	s.ok(t, nobody, "PATCH "+webhookMessage, object{"content": "changed"}, id, token, m)
	s.ok(t, own, "GET "+messages, nil, s.text).some()
	s.ok(t, nobody, "DELETE "+webhookMessage, nil, id, token, m)

	s.ok(t, nobody, "DELETE "+webhookToken, nil, id, token)
	again := s.ok(t, own, "POST "+channelWebhooks, object{"name": "again"}, s.text).text("id")
	s.ok(t, own, "DELETE "+webhook, nil, again)
}

func (s *suite) announcements(t *testing.T) {
	as := s.bot.Client
	news := s.ok(t, as, "POST /guilds/{guild_id}/channels", object{"name": "news", "type": 5}, s.guild).text("id")
	follower := s.ok(t, as, "POST /channels/{channel_id}/followers", object{"webhook_channel_id": s.text}, news)
	if follower.text("channel_id") != news {
		t.Error("another channel is followed than was asked for")
	}
	s.ok(t, as, "GET "+webhook, nil, follower.text("webhook_id"))
	s.ok(t, as, "GET "+channelWebhooks, nil, s.text).some()
	id := s.ok(t, as, "POST "+messages, object{"content": "extra"}, news).text("id")
	s.ok(t, as, "POST "+message+"/crosspost", nil, news, id)
	s.ok(t, as, "GET "+messages, nil, s.text).some() // tells that the channel follows
}
