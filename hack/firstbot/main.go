// Command firstbot makes what a first bot needs on a running platform: a user, a guild, and two bots in it. It prints how
// to start the two examples and how to make them talk. docs/first-bot.md shows the same requests with curl.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	base := flag.String("url", "http://127.0.0.1:8080", "base URL of the platform")
	flag.Parse()
	if err := run(*base); err != nil {
		fmt.Fprintln(os.Stderr, "firstbot:", err)
		os.Exit(1)
	}
}

// Application flags that grant the members, presence and message-content intents.
const privilegedIntents = 1<<13 | 1<<15 | 1<<19

func run(base string) error {
	api := client{base: base + "/api/v10", http: &http.Client{Timeout: 15 * time.Second}}
	name := "newcomer" + rand.Text()[:6]
	var user struct {
		Token string `json:"token"`
	}
	if err := api.post("/auth/register", map[string]any{
		"username": name, "email": name + "@example.org", "password": rand.Text(), "date_of_birth": "2000-01-01",
		"consent": true,
	}, &user); err != nil {
		return err
	}
	api.token = user.Token

	var guild struct {
		ID              string `json:"id"`
		SystemChannelID string `json:"system_channel_id"`
	}
	if err := api.post("/guilds", map[string]any{"name": "The Guildhall"}, &guild); err != nil {
		return err
	}
	pinger, err := api.bot("pinger", guild.ID)
	if err != nil {
		return err
	}
	ponger, err := api.bot("ponger", guild.ID)
	if err != nil {
		return err
	}
	fmt.Printf(`Two bots are in the guild %s. Start them, each in a terminal of its own:

  (cd examples/discordjs-bot && npm ci && GUILDHALL_URL=%[2]s BOT_TOKEN=%[3]s npm start)
  GUILDHALL_URL=%[2]s BOT_TOKEN=%[4]s go run ./examples/discordgo-bot

Then ask the first to play; the second answers:

  curl -H 'Authorization: %[5]s' -H 'Content-Type: application/json' -d '{"content": "!play"}' \
    %[2]s/api/v10/channels/%[6]s/messages
  curl -H 'Authorization: %[5]s' %[2]s/api/v10/channels/%[6]s/messages
`, guild.ID, base, pinger, ponger, user.Token, guild.SystemChannelID)
	return nil
}

type client struct {
	base, token string
	http        *http.Client
}

// bot makes an application with a bot, adds it to the guild and returns its token.
func (c *client) bot(name, guild string) (token string, err error) {
	var app struct {
		ID string `json:"id"`
	}
	if err := c.post("/applications", map[string]any{"name": name}, &app); err != nil {
		return "", err
	}
	path := "/applications/" + app.ID
	if err := c.do(http.MethodPatch, path, map[string]any{"flags": privilegedIntents}, nil); err != nil {
		return "", err
	}
	if err := c.post(path+"/bot", nil, nil); err != nil {
		return "", err
	}
	var reset struct {
		Token string `json:"token"`
	}
	if err := c.post(path+"/bot/reset", nil, &reset); err != nil {
		return "", err
	}
	join := "/oauth2/authorize?scope=bot&permissions=3072&client_id=" + app.ID // view channels, send messages
	return reset.Token, c.post(join, map[string]any{"guild_id": guild, "authorize": true}, nil)
}

func (c *client) post(path string, body, into any) error {
	return c.do(http.MethodPost, path, body, into)
}

func (c *client) do(method, path string, body, into any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if body == nil {
		encoded = []byte("{}")
	}
	req, err := http.NewRequest(method, c.base+path, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w (is the platform running? make run)", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode >= http.StatusBadRequest {
		var refusal struct {
			Message string          `json:"message"`
			Errors  json.RawMessage `json:"errors"`
		}
		_ = json.NewDecoder(resp.Body).Decode(&refusal)
		return fmt.Errorf("%s %s: %s: %s %s", method, path, resp.Status, refusal.Message, refusal.Errors)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}
