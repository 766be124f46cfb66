package clients_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/npm"
	"guildhall.chat/guildhall/test/platform"
)

// TestTwoBotsTalk runs the two programs of examples/ as a reader of the README would: a person registers, makes a guild,
// adds a discord.js bot and a discordgo bot, and the two answer each other in one channel.
func TestTwoBotsTalk(t *testing.T) {
	base := platform.Start(t, platform.Options{}).URL
	ctx := t.Context()
	person, err := rest.Register(ctx, base, "reader")
	must(t, "register", err)
	guild, err := person.CreateGuild(ctx, "Ping pong")
	must(t, "create a guild", err)
	table, err := person.CreateChannel(ctx, guild.ID, "table")
	must(t, "create a channel", err)
	bots := map[string]*rest.Bot{}
	for _, name := range []string{"discordjs", "discordgo"} {
		bot, err := person.CreateBot(ctx, name, rest.FlagMessageContent)
		must(t, "create a bot", err)
		must(t, "add the bot", person.AddBot(ctx, bot, guild.ID, rest.ViewChannel|rest.SendMessages|rest.ReadMessageHistory))
		bots[name] = bot
	}

	examples := filepath.Join("..", "..", "examples")
	npm.Install(t, filepath.Join(examples, "discordjs-bot"))
	js := exec.CommandContext(ctx, "node", "index.js")
	js.Dir = filepath.Join(examples, "discordjs-bot")
	startBot(t, js, base, bots["discordjs"])
	binary := filepath.Join(t.TempDir(), "discordgo-bot")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "../../examples/discordgo-bot").CombinedOutput(); err != nil {
		t.Fatalf("build the discordgo bot: %v\n%s", err, output)
	}
	startBot(t, exec.CommandContext(ctx, binary), base, bots["discordgo"])

	gateway, err := gatewayURL(ctx, base)
	must(t, "GET /gateway", err)
	_, seen := watch(t, gatewayclient.Options{Gateway: gateway, Token: person.Authorization})
	_, err = person.Send(ctx, table.ID, "!play")
	must(t, "send", err)
	mark := 0
	for _, want := range []struct{ author, content string }{
		{person.ID, "!play"},
		{bots["discordjs"].ID, "ping"},
		{bots["discordgo"].ID, "pong"},
		{bots["discordjs"].ID, fmt.Sprintf("well played, <@%s>", bots["discordgo"].ID)},
	} {
		seen.await(t, mark, fmt.Sprintf("%q by %s", want.content, want.author), func(e gatewayclient.Event) bool {
			var m rest.Message
			return e.Type == "MESSAGE_CREATE" && json.Unmarshal(e.Data, &m) == nil && m.Author.ID == want.author && m.Content == want.content
		})
	}
	var history []rest.Message
	must(t, "history", person.Do(ctx, http.MethodGet, "/channels/"+table.ID+"/messages", nil, &history))
	if len(history) != 4 {
		t.Errorf("the channel has %d messages, expected 4: %+v", len(history), history)
	}
}

// startBot runs an example until the test ends, and waits until it says that it is here.
func startBot(t *testing.T, program *exec.Cmd, base string, bot *rest.Bot) {
	t.Helper()
	program.Env = append(os.Environ(), "GUILDHALL_URL="+base, "BOT_TOKEN="+bot.Token)
	output, err := program.StdoutPipe()
	must(t, "stdout", err)
	program.Stderr = program.Stdout
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	must(t, "start "+program.String(), program.Start())
	lines := newJournal[string]()
	gone := make(chan struct{})
	t.Cleanup(func() { <-gone }) // the test's context is cancelled before
	go func() {
		defer close(gone)
		for scanner := bufio.NewScanner(output); scanner.Scan(); {
			lines.add(scanner.Text())
		}
		program.Wait()
	}()
	lines.await(t, 0, program.String()+" to log in", func(line string) bool { return strings.HasSuffix(line, "is here") })
}
