package main

import (
	"encoding/json"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
)

func TestContentNeedsItsIntent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	with, without, author := w.bot(allPrivileged), w.bot(0), w.user()
	g := w.guild(author, with, without)
	reads := w.connect(with, withMessages)
	guesses := w.connect(without, discord.IntentGuilds|discord.IntentGuildMessages)
	for _, c := range []*client{reads, guesses} {
		c.dispatch(discord.EventGuildCreate)
	}

	type content struct {
		Content     *string           `json:"content"`
		Embeds      []json.RawMessage `json:"embeds"`
		Attachments []json.RawMessage `json:"attachments"`
		Components  []json.RawMessage `json:"components"`
		Poll        json.RawMessage   `json:"poll"`
		Referenced  *struct {
			Content string `json:"content"`
		} `json:"referenced_message"`
		Snapshots []struct {
			Message struct {
				Content string            `json:"content"`
				Embeds  []json.RawMessage `json:"embeds"`
				Flags   int               `json:"flags"`
			} `json:"message"`
		} `json:"message_snapshots"`
	}
	get := func(c *client) (m content) {
		c.decode(c.dispatch(discord.EventMessageCreate), &m)
		return m
	}
	// post sends a reply and forward with everything that can be hidden.
	post := func(writer account, referencedAuthor account, mentions ...account) {
		t.Helper()
		head := events.Header{Type: discord.EventMessageCreate, Guild: g.id, Channel: g.channel, User: writer.id}
		for _, m := range mentions {
			head.Mentions = append(head.Mentions, m.id)
		}
		referenced := messageData(1, g, referencedAuthor, "referenced").Message
		pointer := &referenced
		data := messageData(w.store.NewID(), g, writer, "secret")
		data.ReferencedMessage = &pointer
		raw, err := json.Marshal(data)
		w.must(err)
		var whole map[string]json.RawMessage
		w.must(json.Unmarshal(raw, &whole))
		whole["message_snapshots"] = json.RawMessage(`[{"message":{"content":"forwarded","embeds":[{}],"flags":5}}]`)
		whole["poll"] = json.RawMessage(`{"question":{}}`)
		w.emit(g.id, head, whole)
	}
	tests := []struct {
		name                   string
		writer, referenced     account
		mentions               []account
		outer, referencedShown bool
	}{
		{"of somebody else", author, author, nil, false, false},
		{"mentions the bot", author, author, []account{without}, true, false},
		{"is the bot's own", without, author, nil, true, false},
		{"replies to the bot", author, without, nil, false, true},
	}
	for _, tt := range tests {
		post(tt.writer, tt.referenced, tt.mentions...)
		if m := get(reads); *m.Content != "secret" || len(m.Embeds) != 1 || m.Poll == nil || m.Referenced.Content != "referenced" ||
			m.Snapshots[0].Message.Content != "forwarded" {
			t.Errorf("%s: with the intent: %+v", tt.name, m)
		}
		m := get(guesses)
		hidden := m.Content != nil && *m.Content == "" && m.Embeds != nil && len(m.Embeds) == 0 && m.Attachments != nil &&
			len(m.Components) == 0 && m.Poll == nil && m.Snapshots[0].Message.Content == "" &&
			len(m.Snapshots[0].Message.Embeds) == 0 && m.Snapshots[0].Message.Flags == 5
		shown := m.Content != nil && *m.Content == "secret" && len(m.Embeds) == 1 && m.Poll != nil && m.Snapshots[0].Message.Content == "forwarded"
		if tt.outer && !shown || !tt.outer && !hidden {
			t.Errorf("%s: message %+v", tt.name, m)
		}
		if (m.Referenced.Content == "referenced") != tt.referencedShown {
			t.Errorf("%s: referenced message %+v", tt.name, m.Referenced)
		}
	}
}
