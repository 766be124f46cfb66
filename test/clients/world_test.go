package clients_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

const shards = 2

// world is what the scenario needs: a guild on each shard, the people in it, the bot under test, and a second bot with
// all intents that sees what others see of the first. discord.js reads it as JSON.
type world struct {
	Base    string `json:"base"`
	Gateway string `json:"gateway"` // what GET /gateway tells

	Owner   person `json:"owner"`   // owns the guilds
	Friend  person `json:"friend"`  // an ordinary member
	Visitor person `json:"visitor"` // joins and leaves in the course of the scenario

	Bot      person `json:"bot"`
	Observer person `json:"observer"`

	Guilds [shards]place `json:"guilds"` // by shard

	owner, friend, visitor *rest.User
	bot, observer          *rest.Bot
}

// person is an account: Authorization is the header value, Token what Identify wants.
type person struct {
	ID            string `json:"id"`
	Username      string `json:"username"`
	Authorization string `json:"authorization"`
	Token         string `json:"token"`
	ApplicationID string `json:"application_id,omitempty"`
}

// place is a guild with the channels of the scenario.
type place struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	General  string `json:"general"`  // everyone talks
	Busy     string `json:"busy"`     // for floods, so that other steps keep their rate limit
	ReadOnly string `json:"readOnly"` // nobody but the owner talks
	Vault    string `json:"vault"`    // seen by the holders of Key only
	Key      string `json:"key"`      // a role
}

const botPermissions = rest.ViewChannel | rest.SendMessages | rest.ReadMessageHistory | rest.EmbedLinks |
	rest.AddReactions | rest.MentionEveryone | rest.CreateInstantInvite | rest.ManageChannels

func newWorld(ctx context.Context, base string) (*world, error) {
	w := &world{Base: base}
	var err error
	if w.Gateway, err = gatewayURL(ctx, base); err != nil {
		return nil, err
	}
	for prefix, user := range map[string]**rest.User{"owner": &w.owner, "friend": &w.friend, "visitor": &w.visitor} {
		made, err := rest.Register(ctx, base, prefix)
		if err != nil {
			return nil, err
		}
		*user = made
	}
	for prefix, bot := range map[string]**rest.Bot{"scenario": &w.bot, "observer": &w.observer} {
		made, err := w.owner.CreateBot(ctx, prefix, rest.AllPrivileged)
		if err != nil {
			return nil, err
		}
		*bot = made
	}
	w.Owner, w.Friend, w.Visitor = personOf(w.owner), personOf(w.friend), personOf(w.visitor)
	w.Bot, w.Observer = botPerson(w.bot), botPerson(w.observer)
	for shard := range shards {
		if err := w.furnish(ctx, shard); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// gatewayURL asks where the gateway is.
func gatewayURL(ctx context.Context, base string) (string, error) {
	var discovery struct {
		URL string `json:"url"`
	}
	err := (&rest.Client{Base: base}).Do(ctx, http.MethodGet, "/gateway", nil, &discovery)
	return discovery.URL, err
}

func personOf(u *rest.User) person {
	return person{ID: u.ID, Username: u.Username, Authorization: u.Authorization, Token: u.Authorization}
}

func botPerson(b *rest.Bot) person {
	return person{ID: b.ID, Username: b.Username, Authorization: b.Authorization, Token: b.Token, ApplicationID: b.ApplicationID}
}

func (w *world) furnish(ctx context.Context, shard int) error {
	guild, err := w.owner.CreateGuildOn(ctx, fmt.Sprintf("Shard %d", shard), shard, shards)
	if err != nil {
		return err
	}
	key, err := w.owner.CreateRole(ctx, guild.ID, "keyholder")
	if err != nil {
		return err
	}
	everyone := guild.ID // the role of all members has the guild's id
	p := place{ID: guild.ID, Name: guild.Name, Key: key.ID}
	for _, c := range []struct {
		name       string
		id         *string
		overwrites []rest.Overwrite
	}{
		{"talk", &p.General, nil},
		{"busy", &p.Busy, nil},
		{"read-only", &p.ReadOnly, []rest.Overwrite{rest.Deny(everyone, rest.SendMessages)}},
		{"vault", &p.Vault, []rest.Overwrite{rest.Deny(everyone, rest.ViewChannel), rest.Allow(key.ID, rest.ViewChannel)}},
	} {
		made, err := w.owner.CreateChannel(ctx, guild.ID, c.name, c.overwrites...)
		if err != nil {
			return err
		}
		*c.id = made.ID
	}
	if err := rest.Join(ctx, w.owner.Client, p.General, w.friend); err != nil {
		return err
	}
	for _, bot := range []*rest.Bot{w.bot, w.observer} {
		if err := w.owner.AddBot(ctx, bot, guild.ID, botPermissions); err != nil {
			return err
		}
	}
	w.Guilds[shard] = p
	return nil
}

// mustWorld is newWorld within a bounded time.
func mustWorld(t *testing.T, base string) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	w, err := newWorld(ctx, base)
	if err != nil {
		t.Fatalf("make accounts and guilds through REST: %v", err)
	}
	return w
}

// watch opens a gateway session that writes into a journal until the test ends, and waits until it has every guild that READY
// named: what is not replayed, such as typing, never reaches a session that is still on its way in.
func watch(t *testing.T, opts gatewayclient.Options) (*gatewayclient.Session, *journal[gatewayclient.Event]) {
	t.Helper()
	seen := newJournal[gatewayclient.Event]()
	opts.OnEvent = seen.add
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	session, err := gatewayclient.Open(ctx, opts)
	if err != nil {
		t.Fatalf("connect to the gateway: %v", err)
	}
	t.Cleanup(session.Close)
	var ready struct{ Guilds []unavailable }
	first := seen.await(t, 0, "READY", func(e gatewayclient.Event) bool { return e.Type == "READY" })
	must(t, "read READY", json.Unmarshal(first.Data, &ready))
	for _, guild := range ready.Guilds {
		if !guild.Unavailable {
			continue // a person's READY has the guild itself
		}
		seen.await(t, 0, "GUILD_CREATE of "+guild.ID, func(e gatewayclient.Event) bool {
			var created unavailable
			return e.Type == "GUILD_CREATE" && json.Unmarshal(e.Data, &created) == nil && created.ID == guild.ID
		})
	}
	return session, seen
}

// unavailable is the part of a guild that says whether it has come yet.
type unavailable struct {
	ID          string
	Unavailable bool
}
