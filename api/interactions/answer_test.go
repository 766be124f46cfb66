package interactions_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

// upload makes a request with a file, files[0].
func upload(t *testing.T, as *apitest.Client, path string, payload object, out any) {
	t.Helper()
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	encoded, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	if err := parts.WriteField("payload_json", string(encoded)); err != nil {
		t.Fatal(err)
	}
	file, err := parts.CreateFormFile("files[0]", "notes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Write([]byte("notes")); err != nil {
		t.Fatal(err)
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	other := *as
	other.Header = http.Header{"Content-Type": {parts.FormDataContentType()}}
	other.Must(t, http.MethodPost, path, body.Bytes(), out)
}

func TestPromisedMessageKeepsItsFiles(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	i := h.greet(t)
	h.Anyone().Must(t, http.MethodPost, callback(i), object{"type": 5}, nil)
	var m discord.Message
	upload(t, h.Anyone(), h.followups(i), object{"content": "here"}, &m)
	if len(m.Attachments) != 1 {
		t.Fatalf("%+v", m)
	}
	var used int
	err := h.Query(t, `select count(*) from attachment_uses where message_id = $1 and attachment_id = $2`, m.ID, m.Attachments[0].ID).Scan(&used)
	if err != nil || used != 1 {
		t.Errorf("the message has %d of its files, %v", used, err)
	}
}

// Whatever an application says in answer is judged as what anybody says, unless only one user sees it.
func TestAnswersAreJudged(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.owner.Must(t, http.MethodPost, "/guilds/"+h.id.String()+"/auto-moderation/rules", object{
		"name": "words", "event_type": 1, "trigger_type": 1, "enabled": true, "actions": []object{{"type": 1}},
		"trigger_metadata": object{"keyword_filter": []string{"cabbage"}},
	}, nil)
	cabbage, leek := object{"content": "cabbage"}, object{"content": "leek"}
	anyone := h.Anyone()

	i := h.greet(t)
	anyone.Fails(t, http.MethodPost, callback(i), object{"type": 4, "data": cabbage}, discord.ErrMessageBlocked)
	anyone.Must(t, http.MethodPost, callback(i), object{"type": 4, "data": leek}, nil)
	path := h.followups(i)
	anyone.Fails(t, http.MethodPatch, path+"/messages/@original", cabbage, discord.ErrMessageBlocked)
	anyone.Fails(t, http.MethodPost, path, cabbage, discord.ErrMessageBlocked)
	anyone.Must(t, http.MethodPost, path, object{"content": "cabbage", "flags": discord.MessageFlagEphemeral}, nil)

	i = h.greet(t)
	anyone.Must(t, http.MethodPost, callback(i), object{"type": 5}, nil)
	anyone.Fails(t, http.MethodPost, h.followups(i), cabbage, discord.ErrMessageBlocked)
	anyone.Must(t, http.MethodPost, h.followups(i), leek, nil)

	i = h.greet(t)
	anyone.Must(t, http.MethodPost, callback(i), object{"type": 5, "data": object{"flags": discord.MessageFlagEphemeral}}, nil)
	anyone.Must(t, http.MethodPost, h.followups(i), cabbage, nil)
	anyone.Must(t, http.MethodPatch, h.followups(i)+"/messages/@original", object{"content": "more cabbage"}, nil)
}

func TestAnswersWakeTheirThread(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var thread discord.Channel
	h.owner.Must(t, http.MethodPost, "/channels/"+h.channel.String()+"/threads", object{"name": "talk", "type": discord.ChannelPublicThread}, &thread)
	path := "/channels/" + thread.ID.String()
	invoke := func() discord.Interaction {
		fields := h.greeting(h.who())
		fields["channel_id"] = thread.ID
		return h.invoke(t, h.friend, 2, fields)
	}
	h.owner.Must(t, http.MethodPatch, path, object{"archived": true}, nil)
	h.Anyone().Must(t, http.MethodPost, callback(invoke()), object{"type": 4, "data": object{"content": "hi"}}, nil)
	h.owner.Must(t, http.MethodGet, path, nil, &thread)
	if thread.ThreadMetadata.Archived {
		t.Error("what was said in the thread did not wake it")
	}
	h.owner.Must(t, http.MethodPatch, path, object{"locked": true}, nil)
	h.Anyone().Fails(t, http.MethodPost, callback(invoke()), object{"type": 4, "data": object{"content": "hi"}}, discord.ErrThreadLocked)
}
