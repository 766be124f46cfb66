package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// scale is how large a world is.
type scale struct {
	guilds int
	// bots are without shards and have a session for each of the dialects; fleets are bots with as many shards each, and a
	// session for each shard; people have two sessions each.
	bots   int
	fleets []int
	people int
	// in is how many guilds a bot or person is in; fleets are in twice as many.
	in      int
	directs int           // DMs
	pace    time.Duration // between two messages of a voice, on average
}

var (
	small = scale{guilds: 16, bots: 12, fleets: []int{2, 3, 5, 2, 3, 5, 2, 3, 5, 2, 3, 5}, people: 30, in: 5, directs: 6, pace: 800 * time.Millisecond}
	full  = scale{guilds: 50, bots: 40, fleets: fleets(12, 12, 10), people: 95, in: 10, directs: 20, pace: 2 * time.Second}
)

// fleets lists as many fleets of 2, 3 and 5 shards.
func fleets(of2, of3, of5 int) (list []int) {
	for n, count := range map[int]int{2: of2, 3: of3, 5: of5} {
		for range count {
			list = append(list, n)
		}
	}
	return list
}

// world is the population of a platform: guilds, who is in them, and DMs.
type world struct {
	platform *platform.Platform
	gateway  string // what GET /gateway tells
	scale    scale
	guilds   []*guild
	bots     []*account
	fleets   []*account // with shards
	people   []*account
	directs  []*channel
	channels map[string]*channel // all, by id
}

// account is a person or a bot that has sessions.
type account struct {
	*rest.Client
	id, name string
	token    string // for Identify
	bot      bool
	shards   int // of a fleet
	guilds   []*guild
	rest     *rest.Bot
}

// guild has a channel for each way in which access changes. Its owner sees everything and has no session.
type guild struct {
	id      string
	owner   *account
	herald  *account // a member who writes in the hall
	crowned *account // holds the role crown
	crown   string   // a role with ADMINISTRATOR or without any permission
	key     string   // a role that opens the vault
	invite  string
	members []*account
	// halls are seen by all members, vaults by those with the key; the ward by all or none, the cell by those whom an
	// overwrite lets in.
	hall, vault, ward, cell *channel
	ledger                  *ledger
}

func (g *guild) channels() []*channel { return []*channel{g.hall, g.vault, g.ward, g.cell} }

// channel is one of a guild, or a DM.
type channel struct {
	id, name string
	guild    *guild      // nil: a DM
	between  [2]*account // of a DM
}

// log names the log of the channel's messages: those of a log have one order.
func (c *channel) log() string {
	if c.guild != nil {
		return c.guild.id
	}
	return "dm " + c.id
}

func (c *channel) String() string {
	if c.guild != nil {
		return "#" + c.name + " of guild " + c.guild.id
	}
	return "the DM " + c.id
}

const (
	administrator = 1 << 3
	// atOnce is how many requests the making of a world has under way.
	atOnce = 6
)

func newWorld(t *testing.T, p *platform.Platform, s scale) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	begun := time.Now()
	w := &world{platform: p, scale: s, channels: map[string]*channel{}}
	var discovery struct {
		URL string `json:"url"`
	}
	must(t, "GET /gateway", (&rest.Client{Base: p.URL}).Do(ctx, http.MethodGet, "/gateway", nil, &discovery))
	w.gateway = discovery.URL
	must(t, "make accounts", w.makeAccounts(ctx))
	must(t, "make guilds", w.makeGuilds(ctx))
	must(t, "make DMs", w.makeDirects(ctx))
	t.Logf("%d guilds, %d bots, %d fleets, %d people in %v", len(w.guilds), len(w.bots), len(w.fleets), len(w.people),
		time.Since(begun).Round(time.Second))
	return w
}

func (w *world) makeAccounts(ctx context.Context) error {
	w.people = make([]*account, w.scale.people)
	err := each(ctx, w.scale.people, func(ctx context.Context, i int) error {
		user, err := rest.Register(ctx, w.platform.URL, "person")
		if err != nil {
			return err
		}
		w.people[i] = &account{Client: user.Client, id: user.ID, name: user.Username, token: user.Authorization}
		return nil
	})
	if err != nil {
		return err
	}
	developer, err := rest.Register(ctx, w.platform.URL, "developer")
	if err != nil {
		return err
	}
	all := make([]*account, w.scale.bots+len(w.scale.fleets))
	err = each(ctx, len(all), func(ctx context.Context, i int) error {
		bot, err := developer.CreateBot(ctx, "bot", rest.AllPrivileged)
		if err != nil {
			return err
		}
		all[i] = &account{Client: bot.Client, id: bot.ID, name: bot.Username, token: bot.Token, bot: true, rest: bot}
		if i >= w.scale.bots {
			all[i].shards = w.scale.fleets[i-w.scale.bots]
		}
		return nil
	})
	w.bots, w.fleets = all[:w.scale.bots], all[w.scale.bots:]
	return err
}

// ownedMost is how many guilds an owner has: fewer than a user may be in.
const ownedMost = 50

func (w *world) makeGuilds(ctx context.Context) error {
	w.guilds = make([]*guild, w.scale.guilds)
	for i := range w.guilds {
		w.guilds[i] = &guild{ledger: newLedger()}
	}
	// Who is in which guild: the members of a kind go round, so that all guilds have about as many.
	spread := func(accounts []*account, in int) {
		next := 0
		for _, a := range accounts {
			for range min(in, len(w.guilds)) {
				g := w.guilds[next%len(w.guilds)]
				a.guilds, g.members = append(a.guilds, g), append(g.members, a)
				next++
			}
		}
	}
	spread(w.people, w.scale.in)
	spread(w.bots, w.scale.in)
	spread(w.fleets, 2*w.scale.in)
	var owner *rest.User
	for i, g := range w.guilds {
		if i%ownedMost == 0 {
			var err error
			if owner, err = rest.Register(ctx, w.platform.URL, "owner"); err != nil {
				return err
			}
		}
		g.owner = &account{Client: owner.Client, id: owner.ID, name: owner.Username}
	}
	err := each(ctx, len(w.guilds), func(ctx context.Context, i int) error {
		if err := w.guilds[i].make(ctx, &rest.User{Client: w.guilds[i].owner.Client}); err != nil {
			return fmt.Errorf("guild %d: %w", i, err)
		}
		return nil
	})
	for _, g := range w.guilds {
		for _, c := range g.channels() {
			if c != nil {
				w.channels[c.id] = c
			}
		}
	}
	return err
}

// make makes the guild with its channels and lets the members in.
func (g *guild) make(ctx context.Context, owner *rest.User) error {
	made, err := owner.CreateGuild(ctx, "chaos")
	if err != nil {
		return err
	}
	g.id = made.ID
	for name, id := range map[string]*string{"key": &g.key, "crown": &g.crown} {
		role, err := owner.CreateRole(ctx, g.id, name)
		if err != nil {
			return err
		}
		*id = role.ID
	}
	hidden := rest.Deny(g.id, rest.ViewChannel)
	for name, c := range map[string]struct {
		to         **channel
		overwrites []rest.Overwrite
	}{
		"hall": {&g.hall, nil}, "vault": {&g.vault, []rest.Overwrite{hidden, rest.Allow(g.key, rest.ViewChannel)}},
		"ward": {&g.ward, nil}, "cell": {&g.cell, []rest.Overwrite{hidden}},
	} {
		ch, err := owner.CreateChannel(ctx, g.id, name, c.overwrites...)
		if err != nil {
			return err
		}
		*c.to = &channel{id: ch.ID, name: name, guild: g}
	}
	var invite struct {
		Code string `json:"code"`
	}
	if err := owner.Do(ctx, http.MethodPost, "/channels/"+g.hall.id+"/invites", map[string]any{}, &invite); err != nil {
		return err
	}
	g.invite = invite.Code
	for i, a := range g.members {
		if err := g.admit(ctx, owner, a); err != nil {
			return err
		}
		switch {
		case !a.bot && g.herald == nil:
			g.herald = a
		case g.crowned == nil && i > 0:
			g.crowned = a
			if err := owner.Do(ctx, http.MethodPut, g.member(a)+"/roles/"+g.crown, nil, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *guild) member(a *account) string { return "/guilds/" + g.id + "/members/" + a.id }

func (g *guild) admit(ctx context.Context, owner *rest.User, a *account) error {
	if a.bot {
		return owner.AddBot(ctx, a.rest, g.id, 0)
	}
	return a.Do(ctx, http.MethodPost, "/invites/"+g.invite, map[string]any{}, nil)
}

// makeDirects opens DMs between people, and between people and bots of their guilds.
func (w *world) makeDirects(ctx context.Context) error {
	for i := range w.scale.directs {
		from := w.people[i%len(w.people)]
		to := w.people[(i+1)%len(w.people)]
		if i%2 == 1 {
			bots := append(append([]*account{}, w.bots...), w.fleets...)
			to = bots[i%len(bots)]
		} else if err := befriend(ctx, from, to); err != nil { // strangers can't write to each other
			return err
		}
		var opened struct {
			ID string `json:"id"`
		}
		body := map[string]any{"recipients": []string{to.id}}
		if err := from.Do(ctx, http.MethodPost, "/users/@me/channels", body, &opened); err != nil {
			return fmt.Errorf("DM of %s and %s: %w", from.name, to.name, err)
		}
		c := &channel{id: opened.ID, name: "dm", between: [2]*account{from, to}}
		w.directs = append(w.directs, c)
		w.channels[c.id] = c
	}
	return nil
}

// befriend has one ask and the other agree.
func befriend(ctx context.Context, from, to *account) error {
	return errors.Join(
		from.Do(ctx, http.MethodPut, "/users/@me/relationships/"+to.id, map[string]any{}, nil),
		to.Do(ctx, http.MethodPut, "/users/@me/relationships/"+from.id, map[string]any{}, nil))
}

// each calls do for 0 to n-1, several at once.
func each(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := range n {
		group.Go(func() error { return do(ctx, i) })
	}
	return group.Wait()
}

// onShard says whether a guild belongs to the shard [i, n]; without shards all do.
func onShard(guild string, shard [2]int) bool {
	if shard[1] == 0 {
		return true
	}
	id, err := strconv.ParseUint(guild, 10, 64)
	return err == nil && int((id>>22)%uint64(shard[1])) == shard[0]
}

func must(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
