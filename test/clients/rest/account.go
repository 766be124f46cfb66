package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Application flags that grant the privileged intents to an application in fewer than 100 guilds.
// https://discord.com/developers/docs/resources/application#application-object-application-flags
const (
	FlagPresences      = 1 << 13
	FlagGuildMembers   = 1 << 15
	FlagMessageContent = 1 << 19
	AllPrivileged      = FlagPresences | FlagGuildMembers | FlagMessageContent
)

// User is a registered person; the embedded Client sends with its access token.
type User struct {
	*Client
	ID           string
	Username     string
	Email        string
	Password     string
	RefreshToken string
}

// Bot is a bot account; the embedded Client sends with its token.
type Bot struct {
	*Client
	ID            string // of the bot's user
	Username      string
	ApplicationID string
	Token         string
}

// Unique makes a name that no other account of the platform has: prefix, an underscore and eight random digits.
func Unique(prefix string) string {
	var random [4]byte
	rand.Read(random[:])
	return prefix + "_" + hex.EncodeToString(random[:])
}

// Register makes an account with a unique name that starts with prefix.
func Register(ctx context.Context, base, prefix string) (*User, error) {
	name := Unique(prefix)
	u := &User{
		Client:   &Client{Base: base},
		Username: name,
		Email:    name + "@example.com",
		Password: "correct horse " + Unique("battery"),
	}
	var answer struct {
		Token        string `json:"token"`
		RefreshToken string `json:"refresh_token"`
	}
	err := u.Do(ctx, http.MethodPost, "/auth/register", map[string]any{
		"username": u.Username, "email": u.Email, "password": u.Password, "date_of_birth": "2000-02-29", "consent": true,
	}, &answer)
	if err != nil {
		return nil, fmt.Errorf("register %s: %w", name, err)
	}
	if answer.Token == "" {
		return nil, fmt.Errorf("register %s: the answer has no token", name)
	}
	u.Authorization, u.RefreshToken = answer.Token, answer.RefreshToken
	return u, u.learnID(ctx)
}

// Login gives another access token to the account of u: the same person on a second device.
func (u *User) Login(ctx context.Context) (*User, error) {
	second := *u
	second.Client = &Client{Base: u.Base, HTTP: u.HTTP}
	var answer struct {
		Token        string `json:"token"`
		RefreshToken string `json:"refresh_token"`
	}
	err := second.Do(ctx, http.MethodPost, "/auth/login", map[string]any{"login": u.Email, "password": u.Password}, &answer)
	if err != nil {
		return nil, fmt.Errorf("log in as %s: %w", u.Username, err)
	}
	second.Authorization, second.RefreshToken = answer.Token, answer.RefreshToken
	return &second, nil
}

func (u *User) learnID(ctx context.Context) error {
	var me struct {
		ID string `json:"id"`
	}
	if err := u.Do(ctx, http.MethodGet, "/users/@me", nil, &me); err != nil {
		return fmt.Errorf("who is %s: %w", u.Username, err)
	}
	u.ID = me.ID
	return nil
}

// CreateBot makes an application with a bot, as the developer portal does, and sets the application's flags.
func (u *User) CreateBot(ctx context.Context, prefix string, flags int) (*Bot, error) {
	var application struct {
		ID string `json:"id"`
	}
	if err := u.Do(ctx, http.MethodPost, "/applications", map[string]any{"name": Unique(prefix)}, &application); err != nil {
		return nil, fmt.Errorf("create the application %s: %w", prefix, err)
	}
	path := "/applications/" + application.ID
	if err := u.Do(ctx, http.MethodPost, path+"/bot", map[string]any{}, nil); err != nil {
		return nil, fmt.Errorf("give the application %s a bot: %w", prefix, err)
	}
	if flags != 0 {
		if err := u.Do(ctx, http.MethodPatch, path, map[string]any{"flags": flags}, nil); err != nil {
			return nil, fmt.Errorf("grant privileged intents to %s: %w", prefix, err)
		}
	}
	var reset struct {
		Token string `json:"token"`
	}
	if err := u.Do(ctx, http.MethodPost, path+"/bot/reset", map[string]any{}, &reset); err != nil {
		return nil, fmt.Errorf("get the token of %s: %w", prefix, err)
	}
	bot := &Bot{
		Client:        &Client{Base: u.Base, Authorization: "Bot " + reset.Token},
		ApplicationID: application.ID,
		Token:         reset.Token,
	}
	var me struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Bot      bool   `json:"bot"`
	}
	if err := bot.Do(ctx, http.MethodGet, "/users/@me", nil, &me); err != nil {
		return nil, fmt.Errorf("who is the bot %s: %w", prefix, err)
	}
	if !me.Bot {
		return nil, fmt.Errorf("the user %s of the bot token has bot: false", me.ID)
	}
	bot.ID, bot.Username = me.ID, me.Username
	return bot, nil
}

// AddBot authorizes bot for a guild with the given permissions, as the authorization page does.
// https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow
func (u *User) AddBot(ctx context.Context, bot *Bot, guildID string, permissions uint64) error {
	query := url.Values{
		"client_id":   {bot.ApplicationID},
		"scope":       {"bot"},
		"permissions": {strconv.FormatUint(permissions, 10)},
	}
	err := u.Do(ctx, http.MethodPost, "/oauth2/authorize?"+query.Encode(), map[string]any{
		"guild_id": guildID, "authorize": true, "permissions": strconv.FormatUint(permissions, 10),
	}, nil)
	if err != nil {
		return fmt.Errorf("add %s to the guild %s: %w", bot.Username, guildID, err)
	}
	return nil
}
