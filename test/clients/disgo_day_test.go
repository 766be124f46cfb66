package clients_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	disgorest "github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"
)

// disgoDay is a day of a disgo bot and of the people around it.
type disgoDay struct {
	*disgoBot
	friend, owner        *console
	guild, general, busy snowflake.ID
	report               snowflake.ID // the message that answered the friend's command
}

func testDisgoDay(t *testing.T, w *world) {
	place := w.Guilds[0]
	d := &disgoDay{
		disgoBot: newDisgoBot(t, w, gateway.CompressionZstdStream), friend: openConsole(t, w, w.friend), owner: openConsole(t, w, w.owner),
		guild: id(place.ID), general: id(place.General), busy: id(place.Busy),
	}
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

func (d *disgoDay) register(t *testing.T) {
	app, most := d.ApplicationID, 100
	global, err := d.Rest.SetGlobalCommands(app, []discord.ApplicationCommandCreate{
		discord.SlashCommandCreate{Name: "rules", Description: "The rules of this place"},
	})
	must(t, "register global commands", err)
	equal(t, "global commands", len(global), 1)
	made, err := d.Rest.CreateGuildCommand(app, d.guild, discord.SlashCommandCreate{
		Name: "report", Description: "Tell the moderators of somebody", Options: []discord.ApplicationCommandOption{
			discord.ApplicationCommandOptionUser{Name: "who", Description: "Whom", Required: true},
			discord.ApplicationCommandOptionString{Name: "why", Description: "What happened", MaxLength: &most},
		},
	})
	must(t, "register a guild's command", err)
	listed, err := d.Rest.GetGuildCommands(app, d.guild, true)
	must(t, "list the guild's commands", err)
	if len(listed) != 1 || listed[0].ID() != made.ID() || len(listed[0].(discord.SlashCommand).Options) != 2 {
		t.Errorf("the guild's commands: %+v", listed)
	}
}

func (d *disgoDay) command(t *testing.T) {
	mark := d.seen.mark()
	asked := d.friend.command(t, "report", option{6, "who", d.w.visitor.ID}, option{3, "why", "sells perpetuum mobiles"})
	i := sees(t, d.disgoBot, mark, func(i *events.ApplicationCommandInteractionCreate) bool { return i.User().ID == id(d.friend.ID) })
	data := i.SlashCommandInteractionData()
	equal(t, "command", data.CommandName(), "report")
	equal(t, "the reported user", data.User("who").Username, d.w.visitor.Username)
	equal(t, "the reported member", data.Member("who").User.ID, id(d.w.visitor.ID))
	must(t, "answer", i.CreateMessage(discord.MessageCreate{
		Content: "reported: " + data.String("why"),
		Components: []discord.LayoutComponent{discord.NewActionRow(
			discord.NewDangerButton("Decide", "decide"), discord.NewSecondaryButton("Drop", "drop"),
		)},
	}))
	asked.answered(t)
	m := d.owner.reads(t, 0, "reported: sells perpetuum mobiles")
	equal(t, "author of the answer", m.Author.ID, d.w.bot.ID)
	equal(t, "who asked", m.Metadata.User.ID, d.friend.ID)
	original, err := d.Rest.GetInteractionResponse(d.ApplicationID, i.Token())
	must(t, "fetch the answer", err)
	equal(t, "id of the answer", original.ID, id(m.ID))
	d.report = original.ID

	// A command that takes its time, of those that are everywhere.
	mark = d.seen.mark()
	asked = d.friend.command(t, "rules")
	i = sees(t, d.disgoBot, mark, func(i *events.ApplicationCommandInteractionCreate) bool { return i.Data.CommandName() == "rules" })
	must(t, "defer", i.DeferCreateMessage(false))
	asked.answered(t)
	text := "be kind"
	_, err = d.Rest.UpdateInteractionResponse(d.ApplicationID, i.Token(), discord.MessageUpdate{Content: &text})
	must(t, "answer later", err)
	told(t, d.friend, asked.mark, "MESSAGE_UPDATE", func(m shown) bool { return m.Content == text })
}

func (d *disgoDay) buttons(t *testing.T) {
	mark := d.seen.mark()
	clicked := d.owner.click(t, d.report.String(), "decide")
	pressed := sees(t, d.disgoBot, mark, func(i *events.ComponentInteractionCreate) bool { return i.User().ID == id(d.owner.ID) })
	equal(t, "button", pressed.Data.CustomID(), "decide")
	equal(t, "its message", pressed.Message.ID, d.report)
	must(t, "answer with a modal", pressed.Modal(discord.ModalCreate{
		CustomID: "decision", Title: "Your decision", Components: []discord.LayoutComponent{
			discord.NewLabel("Verdict", discord.NewParagraphTextInput("verdict").WithMaxLength(200)),
		},
	}))
	form := clicked.modal(t)
	equal(t, "title of the modal", form.Title, "Your decision")
	submitted := d.owner.submit(t, form, "verdict", "guilty of nonsense")
	decision := sees(t, d.disgoBot, mark, func(i *events.ModalSubmitInteractionCreate) bool { return i.Data.CustomID == "decision" })
	verdict := "decided: " + decision.Data.Text("verdict")
	must(t, "change the report", decision.UpdateMessage(discord.MessageUpdate{Content: &verdict, Components: &[]discord.LayoutComponent{}}))
	submitted.answered(t)
	told(t, d.friend, 0, "MESSAGE_UPDATE", func(m shown) bool { return m.ID == d.report.String() && m.Content == "decided: guilty of nonsense" })
	whispered, err := d.Rest.CreateFollowupMessage(d.ApplicationID, decision.Token(), discord.MessageCreate{
		Content: "only you see this", Flags: discord.MessageFlagEphemeral,
	})
	must(t, "follow up", err)
	m := d.owner.reads(t, submitted.mark, "only you see this")
	equal(t, "ephemeral", m.Flags&int(discord.MessageFlagEphemeral) != 0, true)
	must(t, "take the follow-up back", d.Rest.DeleteFollowupMessage(d.ApplicationID, decision.Token(), whispered.ID))
	told(t, d.owner, submitted.mark, "MESSAGE_DELETE", func(m shown) bool { return m.ID == whispered.ID.String() })
}

func (d *disgoDay) thread(t *testing.T) {
	mark := d.seen.mark()
	thread, err := d.Rest.CreateThreadFromMessage(d.general, d.report, discord.ThreadCreateFromMessage{Name: "Case 1", AutoArchiveDuration: 60})
	must(t, "open a thread", err)
	equal(t, "id of the thread", thread.ID(), d.report)
	sees(t, d.disgoBot, mark, func(c *events.ThreadCreate) bool { return c.ThreadID == thread.ID() })
	_, err = d.Rest.CreateMessage(thread.ID(), content("what do you say?"))
	must(t, "write in the thread", err)
	must(t, "call the friend in", d.Rest.AddThreadMember(thread.ID(), id(d.friend.ID)))
	d.friend.reads(t, 0, "what do you say?")
	_, err = d.friend.Send(t.Context(), thread.ID().String(), "it did not even turn")
	must(t, "the friend answers", err)
	d.said(t, mark, "it did not even turn")
	yes := true
	_, err = d.Rest.UpdateChannel(thread.ID(), discord.GuildThreadUpdate{Archived: &yes, Locked: &yes})
	must(t, "close the case", err)
	sees(t, d.disgoBot, mark, func(u *events.ThreadUpdate) bool {
		return u.ThreadID == thread.ID() && u.Thread.ThreadMetadata.Archived && u.Thread.ThreadMetadata.Locked
	})
	if _, err = d.friend.Send(t.Context(), thread.ID().String(), "and another thing"); err == nil {
		t.Error("the friend wrote in a locked thread")
	}
}

func (d *disgoDay) webhook(t *testing.T) {
	mark := d.friend.seen.mark()
	hook, err := d.Rest.CreateWebhook(d.busy, discord.WebhookCreate{Name: "Case log"})
	must(t, "create a webhook", err)
	wait := disgorest.CreateWebhookMessageParams{Wait: true}
	sent, err := d.Rest.CreateWebhookMessage(hook.ID(), hook.Token, discord.WebhookMessageCreate{
		Content: "case 1 is closed", Username: "The Clerk", Embeds: []discord.Embed{{Title: "Nonsense"}},
	}, wait)
	must(t, "execute it", err)
	m := d.friend.reads(t, mark, "case 1 is closed")
	equal(t, "id", id(m.ID), sent.ID)
	equal(t, "webhook", id(m.WebhookID), hook.ID())
	equal(t, "name", m.Author.Username, "The Clerk")
	equal(t, "embeds", len(m.Embeds), 1)
	text := "case 1 is closed for good"
	_, err = d.Rest.UpdateWebhookMessage(hook.ID(), hook.Token, sent.ID, discord.WebhookMessageUpdate{Content: &text}, disgorest.UpdateWebhookMessageParams{})
	must(t, "edit what it said", err)
	told(t, d.friend, mark, "MESSAGE_UPDATE", func(m shown) bool { return id(m.ID) == sent.ID && m.Content == text })
	must(t, "delete it", d.Rest.DeleteWebhook(hook.ID()))
	_, err = d.Rest.CreateWebhookMessage(hook.ID(), hook.Token, discord.WebhookMessageCreate{Content: "from beyond"}, wait)
	refused(t, "executing a deleted webhook", err, http.StatusNotFound, disgorest.JSONErrorCodeUnknownWebhook)
}

func (d *disgoDay) file(t *testing.T) {
	sent, err := d.Rest.CreateMessage(d.busy, discord.MessageCreate{
		Content: "the evidence", Files: []*discord.File{discord.NewFile("wheel.bin", "a wheel", bytes.NewReader(evidence))},
	})
	must(t, "upload", err)
	equal(t, "attachments", len(sent.Attachments), 1)
	a := sent.Attachments[0]
	equal(t, "name", a.Filename, "wheel.bin")
	equal(t, "size", a.Size, len(evidence))
	downloads(t, a.URL)
}

func (d *disgoDay) ban(t *testing.T) {
	visitor, mark, reason := id(d.w.visitor.ID), d.seen.mark(), "sells perpetuum mobiles"
	must(t, "ban", d.Rest.AddBan(d.guild, visitor, 0, disgorest.WithReason(reason)))
	sees(t, d.disgoBot, mark, func(b *events.GuildBan) bool { return b.User.ID == visitor })
	sees(t, d.disgoBot, mark, func(m *events.GuildMemberLeave) bool { return m.User.ID == visitor })
	sees(t, d.disgoBot, mark, func(e *events.GuildAuditLogEntryCreate) bool {
		return e.AuditLogEntry.ActionType == discord.AuditLogEventMemberBanAdd && *e.AuditLogEntry.Reason == reason
	})
	ban, err := d.Rest.GetBan(d.guild, visitor)
	must(t, "read the ban", err)
	equal(t, "reason", *ban.Reason, reason)
	log, err := d.Rest.GetAuditLog(d.guild, id(d.w.bot.ID), discord.AuditLogEventMemberBanAdd, 0, 0, 10)
	must(t, "read the audit log", err)
	if len(log.AuditLogEntries) != 1 {
		t.Fatalf("entries of the audit log: %+v", log.AuditLogEntries)
	}
	equal(t, "target", *log.AuditLogEntries[0].TargetID, visitor)
	equal(t, "reason in the audit log", *log.AuditLogEntries[0].Reason, reason)
	must(t, "pardon", d.Rest.DeleteBan(d.guild, visitor, disgorest.WithReason("promised to stop")))
	sees(t, d.disgoBot, mark, func(b *events.GuildUnban) bool { return b.User.ID == visitor })
}

func (d *disgoDay) poll(t *testing.T) {
	mark := d.seen.mark()
	// The library hands votes to nobody, as of version 0.19.3: they are asked for.
	poll := discord.NewPollCreate("Was it fair?").AddAnswer("Yes", nil).AddAnswer("No", nil).WithDuration(1)
	m, err := d.Rest.CreateMessage(d.busy, discord.MessageCreate{Poll: &poll})
	must(t, "begin a poll", err)
	for _, voter := range []*console{d.friend, d.owner} {
		voter.vote(t, d.w.Guilds[0].Busy, m.ID.String(), "1")
	}
	voters, err := d.Rest.GetPollAnswerVotes(d.busy, m.ID, 1, 0, 0)
	must(t, "list the voters", err)
	equal(t, "voters", len(voters), 2)
	_, err = d.Rest.ExpirePoll(d.busy, m.ID)
	must(t, "end the poll", err)
	sees(t, d.disgoBot, mark, func(r *events.MessageCreate) bool {
		return r.Message.Type == discord.MessageTypePollResult && *r.Message.MessageReference.MessageID == m.ID && len(r.Message.Embeds) == 1
	})
	ended, err := d.Rest.GetMessage(d.busy, m.ID)
	must(t, "read the poll", err)
	if r := ended.Poll.Results; r == nil || !r.IsFinalized || len(r.AnswerCounts) != 1 || r.AnswerCounts[0].Count != 2 {
		t.Errorf("results: %+v", ended.Poll.Results)
	}
}

func (d *disgoDay) search(t *testing.T) {
	until(t, "the report in the search", func() bool {
		found, err := d.Rest.SearchGuildMessages(t.Context(), d.guild, discord.GuildMessagesSearch{
			Content: "nonsense", AuthorIDs: []snowflake.ID{id(d.w.bot.ID)}, ChannelIDs: []snowflake.ID{d.general},
		})
		must(t, "search", err)
		return len(found.Messages) == 1 && found.Messages[0].ID == d.report
	})
}
