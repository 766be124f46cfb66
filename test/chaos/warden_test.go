package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"guildhall.chat/guildhall/test/clients/rest"
)

// warden changes who may see what, one change after another, and writes each into its guild's ledger.
type warden struct {
	world *world
	rng   *rand.Rand
	every time.Duration
}

// run makes changes until ctx ends; the last one is made certain. Then it lets everybody back into the guilds.
func (w *warden) run(ctx context.Context) {
	for {
		select {
		case <-time.After(w.every/2 + time.Duration(w.rng.Int64N(int64(w.every)))):
		case <-ctx.Done():
			w.reopen()
			return
		}
		g := w.world.guilds[w.rng.IntN(len(w.world.guilds))]
		w.change(g)
	}
}

func (w *warden) reopen() {
	for _, g := range w.world.guilds {
		for _, a := range g.members {
			if g.ledger.now().gone[a.id] {
				w.letBack(g, a)
			}
		}
	}
}

// change makes one change in a guild.
func (w *warden) change(g *guild) {
	a := g.members[w.rng.IntN(len(g.members))]
	now := g.ledger.now()
	if now.gone[a.id] {
		w.letBack(g, a)
		return
	}
	switch w.rng.IntN(10) {
	case 0, 1, 2:
		w.giveKey(g, a, !now.keys[a.id])
	case 3, 4, 5:
		w.openCell(g, a, !now.cells[a.id])
	case 6, 7:
		w.openWard(g, now.shut)
	case 8:
		w.crown(g, !now.crown)
	case 9:
		// A bot would lose its sessions for good measure, too; people show what happens at less cost.
		if !a.bot && a != g.herald && a != g.crowned {
			w.kick(g, a)
		}
	}
}

// request is one that can be repeated until it is known to have worked.
type request struct {
	as           *account
	method, path string
	body         any
	done         int // a Discord error code that means that it has worked before
}

func (w *warden) make(g *guild, what string, next state, r request) {
	settled := g.ledger.ask(what, next)
	for deadline := time.Now().Add(recovery); time.Now().Before(deadline); {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err := r.as.Do(ctx, r.method, r.path, r.body, nil)
		cancel()
		var refused *rest.Error
		if err == nil || errors.As(err, &refused) && r.done != 0 && refused.Code == r.done {
			settled()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (w *warden) giveKey(g *guild, a *account, give bool) {
	next := g.ledger.now()
	next.keys = with(next.keys, a.id, give)
	method := http.MethodDelete
	if give {
		method = http.MethodPut
	}
	w.make(g, fmt.Sprintf("%s of the key of #vault for %s", method, a.name), next,
		request{as: g.owner, method: method, path: g.member(a) + "/roles/" + g.key})
}

func (w *warden) openCell(g *guild, a *account, open bool) {
	next := g.ledger.now()
	next.cells = with(next.cells, a.id, open)
	r := request{as: g.owner, method: http.MethodDelete, path: "/channels/" + g.cell.id + "/permissions/" + a.id, done: unknownOverwrite}
	if open {
		r.method, r.body, r.done = http.MethodPut, rest.Overwrite{ID: a.id, Type: 1, Allow: strconv.Itoa(rest.ViewChannel), Deny: "0"}, 0
	}
	w.make(g, fmt.Sprintf("%s of the overwrite in #cell for %s", r.method, a.name), next, r)
}

// Discord error codes.
const (
	unknownMember    = 10007
	unknownOverwrite = 10009
)

func (w *warden) openWard(g *guild, open bool) {
	next := g.ledger.now()
	next.shut = !open
	deny := uint64(rest.ViewChannel)
	if open {
		deny = 0
	}
	w.make(g, fmt.Sprintf("#ward open: %v", open), next,
		request{as: g.owner, method: http.MethodPut, path: "/channels/" + g.ward.id + "/permissions/" + g.id, body: rest.Deny(g.id, deny)})
}

func (w *warden) crown(g *guild, crown bool) {
	if g.crowned == nil {
		return
	}
	next := g.ledger.now()
	next.crown = crown
	permissions := "0"
	if crown {
		permissions = strconv.Itoa(administrator)
	}
	w.make(g, fmt.Sprintf("%s an administrator: %v", g.crowned.name, crown), next, request{
		as: g.owner, method: http.MethodPatch, path: "/guilds/" + g.id + "/roles/" + g.crown,
		body: map[string]any{"permissions": permissions},
	})
}

func (w *warden) kick(g *guild, a *account) {
	next := g.ledger.now()
	next.gone, next.keys = with(next.gone, a.id, true), with(next.keys, a.id, false)
	w.make(g, "kick of "+a.name, next, request{as: g.owner, method: http.MethodDelete, path: g.member(a), done: unknownMember})
}

func (w *warden) letBack(g *guild, a *account) {
	next := g.ledger.now()
	next.gone = with(next.gone, a.id, false)
	w.make(g, "return of "+a.name, next, request{as: a, method: http.MethodPost, path: "/invites/" + g.invite, body: map[string]any{}})
}
