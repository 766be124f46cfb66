package conformance_test

import (
	"net/http"
	"testing"
	"time"
)

func (s *suite) autoModeration(t *testing.T) {
	const (
		all = "/guilds/{guild_id}/auto-moderation/rules"
		one = all + "/{rule_id}"
	)
	own := s.owner.Client
	rule := func(trigger, event int, metadata object, actions ...object) object {
		return object{"name": "rule", "event_type": event, "trigger_type": trigger, "trigger_metadata": metadata, "actions": actions}
	}
	block := object{"type": 1, "metadata": object{"custom_message": "no"}}
	alert := object{"type": 2, "metadata": object{"channel_id": s.text}}
	id := s.ok(t, own, "POST "+all, rule(1, 1, object{
		"keyword_filter": []string{"zucchini*"}, "regex_patterns": []string{"z+"}, "allow_list": []string{"zoo"},
	}, block, alert, object{"type": 3, "metadata": object{"duration_seconds": 1}}), s.guild).text("id")
	s.ok(t, own, "POST "+all, rule(3, 1, object{}, block), s.guild)
	s.ok(t, own, "POST "+all, rule(4, 1, object{"presets": []int{1}}, block), s.guild)
	s.ok(t, own, "POST "+all, rule(5, 1, object{"mention_total_limit": 9}, block), s.guild)
	s.ok(t, own, "POST "+all, rule(6, 2, object{"keyword_filter": []string{"x"}}, object{"type": 4}), s.guild)
	s.ok(t, own, "GET "+all, nil, s.guild).some()
	s.ok(t, own, "GET "+one, nil, s.guild, id)
	s.ok(t, own, "PATCH "+one, object{"enabled": true, "exempt_channels": []string{s.text}}, s.guild, id)
	s.fails(t, s.guest.Client, "GET "+all, nil, http.StatusForbidden, 50013, s.guild)
	s.fails(t, own, "GET "+one, nil, http.StatusNotFound, 0, s.guild, "1")
	s.ok(t, own, "DELETE "+one, nil, s.guild, id)
}

func (s *suite) pins(t *testing.T) {
	const (
		all = messages + "/pins"
		old = "/channels/{channel_id}/pins"
		one = "/{message_id}"
	)
	as := s.bot.Client
	id := s.ok(t, as, "POST "+messages, object{"content": "pin me"}, s.text).text("id")
	for _, path := range []string{all, old} {
		s.ok(t, s.owner.Client, "PUT "+path+one, nil, s.text, id)
		s.ok(t, as, "GET "+path, nil, s.text)
		s.ok(t, s.owner.Client, "DELETE "+path+one, nil, s.text, id)
	}
	s.fails(t, s.owner.Client, "PUT "+all+one, nil, http.StatusNotFound, 10008, s.text, "1")
}

func (s *suite) polls(t *testing.T) {
	const one = "/channels/{channel_id}/polls/{message_id}"
	own := s.owner.Client
	id := s.ok(t, own, "POST "+messages, object{"poll": object{
		"question": object{"text": "Tea?"}, "duration": 1, "allow_multiselect": true, "answers": []object{
			{"poll_media": object{"text": "yes", "emoji": object{"name": "🍵"}}}, {"poll_media": object{"text": "no"}},
		},
	}}, s.text).text("id")
	if err := s.guest.Do(t.Context(), http.MethodPut, "/channels/"+s.text+"/polls/"+id+"/answers/@me", object{"answer_ids": []string{"1"}}, nil); err != nil {
		t.Error(err)
	}
	s.ok(t, own, "GET "+one+"/answers/{answer_id}", nil, s.text, id, "1")
	s.ok(t, s.guest.Client, "GET "+message, nil, s.text, id)
	s.ok(t, own, "POST "+one+"/expire", nil, s.text, id)
	s.fails(t, own, "POST "+one+"/expire", nil, http.StatusBadRequest, 520001, s.text, id)
}

func (s *suite) search(t *testing.T) {
	const path = "GET /guilds/{guild_id}/messages/search"
	own := s.owner.Client
	s.ok(t, own, "POST "+messages, object{"content": "something to be found"}, s.text)
	for deadline := time.Now().Add(30 * time.Second); ; {
		got := s.send(t, own, path+"?content=something+found", nil, s.guild)
		if found, err := s.validate(path, got); err != nil {
			t.Fatal(err)
		} else if total := (answer{t, found}).get("total_results"); got.Status == http.StatusOK && total != nil && len((answer{t, found}).get("messages").([]any)) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("what was sent can't be found")
		}
		time.Sleep(200 * time.Millisecond) // the index follows within a second or two
	}
	s.ok(t, own, path+"?has=poll&has=-link&sort_by=relevance&limit=5", nil, s.guild)
	s.fails(t, own, path+"?limit=26", nil, http.StatusBadRequest, 50035, s.guild)
}
