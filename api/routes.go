package main

import (
	"slices"

	"guildhall.chat/guildhall/api/accounts"
	"guildhall.chat/guildhall/api/admin"
	"guildhall.chat/guildhall/api/announcements"
	"guildhall.chat/guildhall/api/applications"
	"guildhall.chat/guildhall/api/auditlog"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/bans"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/discovery"
	"guildhall.chat/guildhall/api/emojis"
	"guildhall.chat/guildhall/api/exports"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/gatewayinfo"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/api/interactions"
	"guildhall.chat/guildhall/api/invites"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/oauth2"
	"guildhall.chat/guildhall/api/outgoing"
	"guildhall.chat/guildhall/api/pins"
	"guildhall.chat/guildhall/api/polls"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/quiet"
	"guildhall.chat/guildhall/api/reactions"
	"guildhall.chat/guildhall/api/readstates"
	"guildhall.chat/guildhall/api/relationships"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/scheduledevents"
	"guildhall.chat/guildhall/api/search"
	"guildhall.chat/guildhall/api/settings"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/api/stickers"
	"guildhall.chat/guildhall/api/templates"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/api/unfurl"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/api/welcome"
	"guildhall.chat/guildhall/api/widget"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/sessionlimit"
)

// passwordsAtOnce bounds how many passwords are hashed side by side; each takes 19 MiB and a core.
const passwordsAtOnce = 4

// addRoutes joins the resources.
func (c *serveCommand) addRoutes(cfg *rest.Config, back *backends, keys *auth.Keys, queue *mail.Queue) {
	s, a := back.store, cfg.Access
	presences := presence.New(back.redis)
	links := files.NewLinks(c.PublicURL, keys)
	s.LinkWith(links)
	kept := files.New(s, back.files, links)
	scaler := picture.NewScaler()
	fileHandlers := files.NewHandlers(kept, a, scaler)
	poster := posting.New(s, a, kept).Moderated(automod.NewModerator(s, back.redis, cfg.Logger))
	people := accounts.New(accounts.Config{
		Store: s, Authenticator: cfg.Authenticator, Keys: keys, Passwords: auth.NewPasswords(passwordsAtOnce),
		Limiter: cfg.Limiter, Mailer: queue, PublicURL: c.PublicURL,
		Registration: accounts.Policy(c.Registration),
	})
	delegation := oauth2.New(oauth2.Config{
		Store: s, Access: a, Authenticator: cfg.Authenticator, Keys: keys, Door: people,
		PublicURL: c.PublicURL, VerifiedOnly: c.RequireVerifiedEmail,
	})
	sender := outgoing.New(s, back.fetch)
	interacting := interactions.New(interactions.Config{Store: s, Access: a, Poster: poster, Publisher: back.publisher, Outgoing: sender})
	where := discovery.New(c.PublicURL, c.GatewayURL, s)
	cfg.Routes = slices.Concat(
		people.Routes(),
		announcements.New(s, a).Routes(),
		applications.New(s, cfg.Authenticator).Probing(sender).Routes(),
		auditlog.New(s, a).Routes(),
		automod.New(a).Routes(),
		bans.New(s, a).Routes(),
		channels.New(s, a, poster, back.publisher).Slowed(slowmode.New(back.redis)).Routes(),
		commands.New(s, a, back.publisher).Routes(),
		direct.New(s, a, keys).Routes(),
		where.Routes(),
		emojis.New(s, a).Routes(),
		fileHandlers.Routes(),
		gatewayinfo.New(c.GatewayURL, c.Shards, sessionlimit.New(back.redis, c.MaxConcurrency)).Routes(),
		guilds.New(s, a, presences).Routes(),
		interacting.Routes(),
		invites.New(s, a, presences).Routes(),
		members.New(s, a).Routes(),
		messages.New(s, a, poster, back.redis).Routes(),
		delegation.Routes(),
		pins.New(s, a).Routes(),
		polls.New(s, a).Routes(),
		reactions.New(s, a).Routes(),
		readstates.New(s, a).Routes(),
		relationships.New(s, presences, back.publisher).Routes(),
		roles.New(a).Routes(),
		scheduledevents.New(s, a).Routes(),
		search.New(s, a).Routes(),
		settings.New(s, a).Routes(),
		stickers.New(s, a).Routes(),
		templates.New(s, a).Routes(),
		threads.New(s, a, poster, back.redis).Routes(),
		unfurl.New(back.fetch).Routes(),
		users.New(s, presences).Routes(),
		webhooks.New(webhooks.Config{Store: s, Access: a, Poster: poster, Fetch: back.fetch, PublicURL: c.PublicURL, Followups: interacting}).Routes(),
		welcome.New(s, a).Routes(),
		widget.New(s, a, presences, c.PublicURL).Routes(),
	)
	cfg.Routes = append(cfg.Routes, quiet.Beside(cfg.Routes)...)
	cfg.Public = slices.Concat(where.Public(), admin.New(s, a, cfg.Authenticator).Linking(links).Routes(),
		exports.New(s, back.files, links).Routes(), delegation.Pages(), images.New(s, scaler).Routes(), fileHandlers.Public())
}
