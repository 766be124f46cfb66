package clients_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
)

// discordgoDay is a day of a discordgo bot and of the people around it.
type discordgoDay struct {
	*fleet
	friend, owner *console
	report        string // the message that answered the friend's command
}

func testDiscordGoDay(t *testing.T, w *world) {
	d := &discordgoDay{fleet: newFleet(t, w), friend: openConsole(t, w, w.friend), owner: openConsole(t, w, w.owner)}
	runScenario(t, day, map[string]func(*testing.T){
		"come to work":               d.connect,
		"register commands":          d.register,
		"answer a command":           d.command,
		"buttons and a modal":        d.buttons,
		"a thread for the case":      d.thread,
		"a webhook for the log":      d.webhook,
		"upload and download a file": d.file,
		"ban with a reason":          d.ban,
		"run a poll":                 d.poll,
		"search":                     d.search,
	})
}

func (d *discordgoDay) register(t *testing.T) {
	s, app, guild := d.rest(), d.w.bot.ApplicationID, d.w.Guilds[0].ID
	global, err := s.ApplicationCommandBulkOverwrite(app, "", []*discordgo.ApplicationCommand{{Name: "rules", Description: "The rules of this place"}})
	must(t, "register global commands", err)
	equal(t, "global commands", len(global), 1)
	made, err := s.ApplicationCommandCreate(app, guild, &discordgo.ApplicationCommand{
		Name: "report", Description: "Tell the moderators of somebody", Options: []*discordgo.ApplicationCommandOption{
			{Type: discordgo.ApplicationCommandOptionUser, Name: "who", Description: "Whom", Required: true},
			{Type: discordgo.ApplicationCommandOptionString, Name: "why", Description: "What happened", MaxLength: 100},
		},
	})
	must(t, "register a guild's command", err)
	equal(t, "guild of the command", made.GuildID, guild)
	listed, err := s.ApplicationCommands(app, guild)
	must(t, "list the guild's commands", err)
	if len(listed) != 1 || listed[0].ID != made.ID || len(listed[0].Options) != 2 {
		t.Errorf("the guild's commands: %+v", listed)
	}
}

// invoked waits for the interaction that a console has begun.
func (d *discordgoDay) invoked(t *testing.T, mark int, kind discordgo.InteractionType, by *console) *discordgo.Interaction {
	t.Helper()
	return await(t, d.fleet, mark, kind.String(), func(i *discordgo.InteractionCreate) bool {
		return i.Type == kind && i.Member != nil && i.Member.User.ID == by.ID
	}).Interaction
}

func (d *discordgoDay) command(t *testing.T) {
	mark := d.seen.mark()
	asked := d.friend.command(t, "report", option{6, "who", d.w.visitor.ID}, option{3, "why", "sells perpetuum mobiles"})
	i := d.invoked(t, mark, discordgo.InteractionApplicationCommand, d.friend)
	data := i.ApplicationCommandData()
	equal(t, "command", data.Name, "report")
	who := data.GetOption("who").UserValue(nil)
	if known := data.Resolved.Users[who.ID]; known == nil || known.Username != d.w.visitor.Username {
		t.Errorf("the reported user: %+v", known)
	}
	equal(t, "why", data.GetOption("why").StringValue(), "sells perpetuum mobiles")
	must(t, "answer", d.rest().InteractionRespond(i, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseChannelMessageWithSource,
		Data: &discordgo.InteractionResponseData{
			Content: "reported: " + data.GetOption("why").StringValue(),
			Components: []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
				discordgo.Button{Label: "Decide", Style: discordgo.DangerButton, CustomID: "decide"},
				discordgo.Button{Label: "Drop", Style: discordgo.SecondaryButton, CustomID: "drop"},
			}}},
		},
	}))
	asked.answered(t)
	m := d.owner.reads(t, 0, "reported: sells perpetuum mobiles")
	equal(t, "author of the answer", m.Author.ID, d.w.bot.ID)
	equal(t, "who asked", m.Metadata.User.ID, d.friend.ID)
	original, err := d.rest().InteractionResponse(i)
	must(t, "fetch the answer", err)
	equal(t, "id of the answer", original.ID, m.ID)
	d.report = m.ID

	// A command that takes its time, of those that are everywhere.
	mark = d.seen.mark()
	asked = d.friend.command(t, "rules")
	i = d.invoked(t, mark, discordgo.InteractionApplicationCommand, d.friend)
	must(t, "defer", d.rest().InteractionRespond(i, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}))
	asked.answered(t)
	text := "be kind"
	_, err = d.rest().InteractionResponseEdit(i, &discordgo.WebhookEdit{Content: &text})
	must(t, "answer later", err)
	told(t, d.friend, asked.mark, "MESSAGE_UPDATE", func(m shown) bool { return m.Content == text })
}

func (d *discordgoDay) buttons(t *testing.T) {
	mark := d.seen.mark()
	clicked := d.owner.click(t, d.report, "decide")
	i := d.invoked(t, mark, discordgo.InteractionMessageComponent, d.owner)
	equal(t, "button", i.MessageComponentData().CustomID, "decide")
	equal(t, "its message", i.Message.ID, d.report)
	must(t, "answer with a modal", d.rest().InteractionRespond(i, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseModal,
		Data: &discordgo.InteractionResponseData{
			CustomID: "decision", Title: "Your decision",
			Components: []discordgo.MessageComponent{discordgo.ActionsRow{Components: []discordgo.MessageComponent{
				discordgo.TextInput{CustomID: "verdict", Label: "Verdict", Style: discordgo.TextInputParagraph, Required: true, MaxLength: 200},
			}}},
		},
	}))
	form := clicked.modal(t)
	equal(t, "title of the modal", form.Title, "Your decision")
	submitted := d.owner.submit(t, form, "verdict", "guilty of nonsense")
	i = d.invoked(t, mark, discordgo.InteractionModalSubmit, d.owner)
	equal(t, "modal", i.ModalSubmitData().CustomID, "decision")
	row, _ := i.ModalSubmitData().Components[0].(*discordgo.ActionsRow)
	if row == nil {
		t.Fatalf("answers to the modal: %+v", i.ModalSubmitData().Components)
	}
	verdict := row.Components[0].(*discordgo.TextInput).Value
	must(t, "change the report", d.rest().InteractionRespond(i, &discordgo.InteractionResponse{
		Type: discordgo.InteractionResponseUpdateMessage,
		Data: &discordgo.InteractionResponseData{Content: "decided: " + verdict, Components: []discordgo.MessageComponent{}},
	}))
	submitted.answered(t)
	told(t, d.friend, 0, "MESSAGE_UPDATE", func(m shown) bool { return m.ID == d.report && m.Content == "decided: guilty of nonsense" })
	whispered, err := d.rest().FollowupMessageCreate(i, true, &discordgo.WebhookParams{Content: "only you see this", Flags: discordgo.MessageFlagsEphemeral})
	must(t, "follow up", err)
	m := d.owner.reads(t, submitted.mark, "only you see this")
	equal(t, "ephemeral", m.Flags&int(discordgo.MessageFlagsEphemeral) != 0, true)
	must(t, "take the follow-up back", d.rest().FollowupMessageDelete(i, whispered.ID))
	told(t, d.owner, submitted.mark, "MESSAGE_DELETE", func(m shown) bool { return m.ID == whispered.ID })
}

func (d *discordgoDay) thread(t *testing.T) {
	s, mark := d.rest(), d.seen.mark()
	thread, err := s.MessageThreadStart(d.w.Guilds[0].General, d.report, "Case 1", 60)
	must(t, "open a thread", err)
	equal(t, "id of the thread", thread.ID, d.report)
	await(t, d.fleet, mark, "THREAD_CREATE", func(c *discordgo.ThreadCreate) bool { return c.ID == thread.ID && c.ThreadMetadata != nil })
	_, err = s.ChannelMessageSend(thread.ID, "what do you say?")
	must(t, "write in the thread", err)
	must(t, "call the friend in", s.ThreadMemberAdd(thread.ID, d.friend.ID))
	d.friend.reads(t, 0, "what do you say?")
	_, err = d.friend.Send(t.Context(), thread.ID, "it did not even turn")
	must(t, "the friend answers", err)
	d.said(t, mark, "it did not even turn")
	yes := true
	closed, err := s.ChannelEditComplex(thread.ID, &discordgo.ChannelEdit{Archived: &yes, Locked: &yes})
	must(t, "close the case", err)
	equal(t, "locked", closed.ThreadMetadata.Locked, true)
	_, err = d.friend.Send(t.Context(), thread.ID, "and another thing")
	if err == nil {
		t.Error("the friend wrote in a locked thread")
	}
	archived, err := s.ThreadsArchived(d.w.Guilds[0].General, nil, 0)
	must(t, "list archived threads", err)
	if len(archived.Threads) != 1 || archived.Threads[0].ID != thread.ID {
		t.Errorf("archived threads: %+v", archived.Threads)
	}
}

func (d *discordgoDay) webhook(t *testing.T) {
	s, mark := d.rest(), d.friend.seen.mark()
	hook, err := s.WebhookCreate(d.w.Guilds[0].Busy, "Case log", "")
	must(t, "create a webhook", err)
	sent, err := s.WebhookExecute(hook.ID, hook.Token, true, &discordgo.WebhookParams{
		Content: "case 1 is closed", Username: "The Clerk", Embeds: []*discordgo.MessageEmbed{{Title: "Nonsense"}},
	})
	must(t, "execute it", err)
	m := d.friend.reads(t, mark, "case 1 is closed")
	equal(t, "id", m.ID, sent.ID)
	equal(t, "webhook", m.WebhookID, hook.ID)
	equal(t, "name", m.Author.Username, "The Clerk")
	equal(t, "embeds", len(m.Embeds), 1)
	text := "case 1 is closed for good"
	_, err = s.WebhookMessageEdit(hook.ID, hook.Token, sent.ID, &discordgo.WebhookEdit{Content: &text})
	must(t, "edit what it said", err)
	told(t, d.friend, mark, "MESSAGE_UPDATE", func(m shown) bool { return m.ID == sent.ID && m.Content == text })
	must(t, "delete it", s.WebhookDelete(hook.ID))
	_, err = s.WebhookExecute(hook.ID, hook.Token, true, &discordgo.WebhookParams{Content: "from beyond"})
	wantCode(t, "execute a deleted webhook", err, 404, discordgo.ErrCodeUnknownWebhook)
}

func (d *discordgoDay) file(t *testing.T) {
	sent, err := d.rest().ChannelFileSendWithMessage(d.w.Guilds[0].Busy, "the evidence", "wheel.bin", bytes.NewReader(evidence))
	must(t, "upload", err)
	equal(t, "attachments", len(sent.Attachments), 1)
	a := sent.Attachments[0]
	equal(t, "name", a.Filename, "wheel.bin")
	equal(t, "size", a.Size, len(evidence))
	downloads(t, a.URL)
}

func (d *discordgoDay) ban(t *testing.T) {
	s, guild, visitor, mark := d.rest(), d.w.Guilds[0].ID, d.w.visitor.ID, d.seen.mark()
	must(t, "ban", s.GuildBanCreateWithReason(guild, visitor, "sells perpetuum mobiles", 1))
	await(t, d.fleet, mark, "GUILD_BAN_ADD", func(b *discordgo.GuildBanAdd) bool { return b.User.ID == visitor })
	await(t, d.fleet, mark, "GUILD_MEMBER_REMOVE", func(m *discordgo.GuildMemberRemove) bool { return m.User.ID == visitor })
	await(t, d.fleet, mark, "GUILD_AUDIT_LOG_ENTRY_CREATE", func(e *discordgo.GuildAuditLogEntryCreate) bool {
		return *e.ActionType == discordgo.AuditLogActionMemberBanAdd && e.Reason == "sells perpetuum mobiles"
	})
	ban, err := s.GuildBan(guild, visitor)
	must(t, "read the ban", err)
	equal(t, "reason", ban.Reason, "sells perpetuum mobiles")
	log, err := s.GuildAuditLog(guild, d.w.bot.ID, "", int(discordgo.AuditLogActionMemberBanAdd), 10)
	must(t, "read the audit log", err)
	if len(log.AuditLogEntries) != 1 {
		t.Fatalf("entries of the audit log: %+v", log.AuditLogEntries)
	}
	entry := log.AuditLogEntries[0]
	equal(t, "target", entry.TargetID, visitor)
	equal(t, "reason in the audit log", entry.Reason, "sells perpetuum mobiles")
	must(t, "pardon", s.GuildBanDelete(guild, visitor, discordgo.WithAuditLogReason("promised to stop")))
	await(t, d.fleet, mark, "GUILD_BAN_REMOVE", func(b *discordgo.GuildBanRemove) bool { return b.User.ID == visitor })
}

func (d *discordgoDay) poll(t *testing.T) {
	s, busy, mark := d.rest(), d.w.Guilds[0].Busy, d.seen.mark()
	m, err := s.ChannelMessageSendComplex(busy, &discordgo.MessageSend{Poll: &discordgo.Poll{
		Question: discordgo.PollMedia{Text: "Was it fair?"}, Duration: 1,
		Answers: []discordgo.PollAnswer{{Media: &discordgo.PollMedia{Text: "Yes"}}, {Media: &discordgo.PollMedia{Text: "No"}}},
	}})
	must(t, "begin a poll", err)
	d.friend.vote(t, busy, m.ID, "1")
	d.owner.vote(t, busy, m.ID, "1")
	for _, voter := range []*console{d.friend, d.owner} {
		await(t, d.fleet, mark, "MESSAGE_POLL_VOTE_ADD", func(v *discordgo.MessagePollVoteAdd) bool {
			return v.MessageID == m.ID && v.UserID == voter.ID && v.AnswerID == 1
		})
	}
	voters, err := s.PollAnswerVoters(busy, m.ID, 1)
	must(t, "list the voters", err)
	equal(t, "voters", len(voters), 2)
	_, err = s.PollExpire(busy, m.ID)
	must(t, "end the poll", err)
	await(t, d.fleet, mark, "MESSAGE_CREATE with the result", func(r *discordgo.MessageCreate) bool {
		return r.MessageReference != nil && r.MessageReference.MessageID == m.ID && len(r.Embeds) == 1
	})
	ended, err := s.ChannelMessage(busy, m.ID)
	must(t, "read the poll", err)
	if r := ended.Poll.Results; r == nil || !r.Finalized || len(r.AnswerCounts) != 1 || r.AnswerCounts[0].Count != 2 {
		t.Errorf("results: %+v", ended.Poll.Results)
	}
}

func (d *discordgoDay) search(t *testing.T) {
	place := d.w.Guilds[0]
	endpoint := discordgo.EndpointGuild(place.ID) + "/messages/search"
	query := url.Values{"content": {"nonsense"}, "author_id": {d.w.bot.ID}, "channel_id": {place.General}}
	until(t, "the report in the search", func() bool {
		body, err := d.rest().RequestWithBucketID("GET", endpoint+"?"+query.Encode(), nil, endpoint)
		must(t, "search", err)
		var found struct {
			Messages [][]discordgo.Message `json:"messages"`
		}
		must(t, "decode what was found", json.Unmarshal(body, &found))
		return len(found.Messages) == 1 && found.Messages[0][0].ID == d.report
	})
}

// until asks again until something is so of which no event tells: the index of the search follows behind.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
