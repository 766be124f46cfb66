package interactions_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
)

// withFiles sends an interaction with the files a and b as files[0] and files[1].
func (h *hall) withFiles(t *testing.T, as *apitest.Client, kind int, fields object) apitest.Answer {
	t.Helper()
	payload, err := json.Marshal(h.invocation(kind, fields))
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	if err := w.WriteField("payload_json", string(payload)); err != nil {
		t.Fatal(err)
	}
	for n, content := range map[string]string{"0": "aa", "1": "b"} {
		part, err := w.CreateFormFile("files["+n+"]", content+".txt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	client := *as
	client.Header = http.Header{"Content-Type": {w.FormDataContentType()}}
	return client.Do(t, http.MethodPost, "/interactions", body.Bytes())
}

func TestFilesAreGivenToCommandsAndModals(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var command discord.Command
	h.bot.Must(t, http.MethodPost, "/applications/"+h.bot.ApplicationID.String()+"/commands", object{
		"name": "upload", "description": "d", "options": []object{{"type": 11, "name": "file", "description": "d", "required": true}},
	}, &command)
	give := func(value any, said ...object) object {
		return object{"data": object{
			"id": command.ID, "name": "upload", "type": 1, "attachments": said, "options": []object{{"type": 11, "name": "file", "value": value}},
		}}
	}
	for name, body := range map[string]object{
		"a file that is not there": give("7"), "no id": give("x"), "half an id": give(0.5), "none": give(nil),
		"said of nothing": give("0", object{"id": "5", "filename": "x"}), "too long a name": give("0", object{"id": "0", "filename": strings.Repeat("x", 1025)}),
		"no upload": give("9", object{"id": "9", "filename": "x", "uploaded_filename": "1/x"}),
	} {
		if got := h.withFiles(t, h.friend, 2, body); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := h.withFiles(t, h.friend, 2, give(1, object{"id": "1", "filename": "letter.txt", "description": "words"})); got.Status != http.StatusNoContent {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	i := <-h.app.got
	var data discord.CommandData
	remarshal(t, i.Data, &data)
	for id, a := range data.Resolved.Attachments {
		if data.Options[0].Value != id.String() || a.ID != id || a.Filename != "letter.txt" || *a.Description != "words" || a.Size != 1 || !a.Ephemeral || a.URL == "" {
			t.Errorf("%+v %+v", data, a)
		}
	}
	if len(data.Resolved.Attachments) != 1 {
		t.Errorf("%+v", data.Resolved)
	}

	h.Anyone().Must(t, http.MethodPost, callback(i), object{"type": 9, "data": object{"custom_id": "m", "title": "T", "components": []object{
		{"type": 18, "label": "Which", "component": object{"type": 19, "custom_id": "which", "min_values": 2, "max_values": 2}},
		{"type": 18, "label": "More", "component": object{"type": 19, "custom_id": "more", "required": false}},
	}}}, nil)
	submit := func(values ...string) object {
		return object{"data": object{"id": i.ID, "custom_id": "m", "components": []object{
			{"type": 18, "component": object{"type": 19, "custom_id": "which", "values": values}},
		}}}
	}
	for name, body := range map[string]object{
		"too few": submit("0"), "the same twice": submit("0", "0"), "one that is not there": submit("0", "2"), "none": submit(),
	} {
		if got := h.withFiles(t, h.friend, 5, body); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	if got := h.withFiles(t, h.friend, 5, submit("1", "0")); got.Status != http.StatusNoContent {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var modal struct {
		Components []struct {
			Component struct{ Values []string }
		}
		Resolved discord.Resolved
	}
	remarshal(t, (<-h.app.got).Data, &modal)
	if len(modal.Components) != 2 || len(modal.Components[0].Component.Values) != 2 || len(modal.Components[1].Component.Values) != 0 || len(modal.Resolved.Attachments) != 2 {
		t.Fatalf("%+v", modal)
	}
	for id, a := range modal.Resolved.Attachments {
		want := map[string]string{"b.txt": modal.Components[0].Component.Values[0], "aa.txt": modal.Components[0].Component.Values[1]}[a.Filename]
		if id.String() != want {
			t.Errorf("%s is %s, expected %s", a.Filename, id, want)
		}
	}
}
