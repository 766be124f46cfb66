// Package conformance_test holds a running platform against Discord's own description of its API. Every operation that
// the platform serves is called at least once with success, and the answer's status, Content-Type and body are validated
// with the schema that the description has for it; so is every error. Then each operation with a body is sent bodies that
// are generated from its request schema and damaged: none may make the server fail, and what it accepts must be answered
// as described.
//
// The description isn't part of this repository: DISCORD_OPENAPI names the file, a download of
// https://github.com/discord/discord-api-spec. The suite skips without it.
package conformance_test

import (
	"context"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

func TestConformance(t *testing.T) {
	doc := readDescription(t)
	p := platform.Start(t, platform.Options{RateLimitsOff: true, FetchAllow: "127.0.0.0/8"})
	s := newSuite(t, doc, p.URL)
	s.listen(t)

	t.Run("gateway's place", s.gatewayInfo)
	t.Run("users", s.users)
	t.Run("applications", s.applications)
	t.Run("guilds", s.guilds)
	t.Run("roles", s.roles)
	t.Run("channels", s.channels)
	t.Run("overwrites", s.overwrites)
	t.Run("invites", s.invites)
	t.Run("members", s.members)
	t.Run("messages", s.messages)
	t.Run("layout", s.layout)
	t.Run("files", s.files)
	t.Run("links", s.unfurled)
	t.Run("reactions", s.reactions)
	t.Run("auto-moderation", s.autoModeration)
	t.Run("pins", s.pins)
	t.Run("polls", s.polls)
	t.Run("search", s.search)
	t.Run("emojis", s.emojis)
	t.Run("emojis of applications", s.applicationEmojis)
	t.Run("threads", s.threads)
	t.Run("direct messages", s.directMessages)
	t.Run("moderation", s.moderation)
	t.Run("guild features", s.guildFeatures)
	t.Run("invite targets", s.inviteTargets)
	t.Run("screening", s.screening)
	t.Run("templates", s.templates)
	t.Run("scheduled events", s.scheduledEvents)
	t.Run("stickers", s.stickers)
	t.Run("webhooks", s.webhooks)
	t.Run("announcements", s.announcements)
	t.Run("OAuth2", s.oauth2)
	t.Run("people", s.people)
	t.Run("commands", s.commands)
	t.Run("interactions", s.interactions)
	t.Run("errors", s.errors)
	t.Run("refusals", s.refusals)
	t.Run("permissions", s.permissions)
	t.Run("events", s.events)
	t.Run("intents", s.intents)
	t.Run("protocol", s.protocol)
	t.Run("bounds", s.bounds)
	t.Run("every served operation was called", s.everyOperation)
	t.Run("compatibility", s.compatibility)
	t.Run("generated bodies", s.generatedBodies)
}

// suite is who calls, where, and what was called so far.
type suite struct {
	*listeners
	doc    *description
	owner  *rest.User // of guild
	guest  *rest.User // its member
	other  *rest.User // outside at first
	bot    *rest.Bot  // its member, with all permissions
	nobody *rest.Client
	guild  string
	text   string          // a text channel
	role   string          // below the bot's own
	called map[string]bool // operations with a valid success
	// refused has the status and code of the failures that were seen of an operation.
	refused map[string]map[string]bool
	gates   []shownGate       // permissions
	parts   []part            // of the gateway
	known   map[string]string // by path parameter: what is there
	models  map[string]bool   // schemas of which a valid object was seen
}

func newSuite(t *testing.T, doc *description, base string) *suite {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := &suite{doc: doc, nobody: &rest.Client{Base: base}, called: map[string]bool{}, refused: map[string]map[string]bool{}, models: map[string]bool{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	for prefix, user := range map[string]**rest.User{"owner": &s.owner, "guest": &s.guest, "other": &s.other} {
		*user, err = rest.Register(ctx, base, prefix)
		must(err)
	}
	guild, err := s.owner.CreateGuild(ctx, "Conformance")
	must(err)
	s.guild = guild.ID
	channel, err := s.owner.CreateChannel(ctx, s.guild, "text")
	must(err)
	s.text = channel.ID
	role, err := s.owner.CreateRole(ctx, s.guild, "ordinary")
	must(err)
	s.role = role.ID
	must(rest.Join(ctx, s.owner.Client, s.text, s.guest))
	s.bot, err = s.owner.CreateBot(ctx, "robot", rest.AllPrivileged)
	must(err)
	must(s.owner.AddBot(ctx, s.bot, s.guild, administrator))
	return s
}

// administrator is the permission that includes all others.
// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
const administrator = 1 << 3
