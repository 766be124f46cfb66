package presence

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

// RenewEvery is how often a Pod should be renewed.
const RenewEvery = 10 * time.Second

// ErrNoLease says that Renew has not succeeded yet. When it does, all sessions are to be Set.
var ErrNoLease = errors.New("presence: the pod has no lease yet")

// Pod tells the presence of the sessions of one gateway pod. Safe for concurrent use, but the changes of one session must
// come one after the other, and so must the calls of Renew.
type Pod struct {
	*Presences
	name  string
	hold  time.Duration
	lease atomic.Pointer[string] // nil: none yet
}

// NewPod returns the gateway pod's Pod. hold is how long its sessions count after it was last renewed: the resume window,
// within which another pod may take them over. Renew it before the first Set.
func NewPod(rdb redis.UniversalClient, name string, hold time.Duration) *Pod {
	return &Pod{Presences: New(rdb), name: name, hold: hold}
}

// Renew begins the pod's lease, or keeps it. began is true the first time, and when the lease has ended because Redis or
// the pod was away for too long: then Set all sessions again.
func (p *Pod) Renew(ctx context.Context) (began bool, err error) {
	if lease := p.lease.Load(); lease != nil {
		kept, err := p.renew(ctx, *lease, false)
		if err != nil || kept {
			return false, err
		}
	}
	// Each lease has a name of its own: what was told under an earlier one may be expiring.
	lease := p.name + "/" + rand.Text()
	if _, err := p.renew(ctx, lease, true); err != nil {
		return false, err
	}
	p.lease.Store(&lease)
	return true, nil
}

func (p *Pod) renew(ctx context.Context, lease string, begin bool) (bool, error) {
	kept, err := renewScript.Run(ctx, p.rdb, []string{leasesKey}, lease, p.hold.Milliseconds(), begin).Bool()
	if err != nil {
		return false, fmt.Errorf("presence: renew the lease of %s: %w", p.name, err)
	}
	return kept, nil
}

// Set tells what a session says of itself, a new one or not. guilds are those of the user, or for a sharded bot those of the
// session. It returns the presence that others see now, and whether it changed: then publish it, even if there is an error,
// which says that guilds could not be told. ErrTooManySessions if the user has too many.
func (p *Pod) Set(
	ctx context.Context, user snowflake.ID, session string, guilds []snowflake.ID, u Update,
) (presence Presence, changed bool, err error) {
	lease := p.lease.Load()
	if lease == nil {
		return Presence{}, false, ErrNoLease
	}
	return p.change(ctx, *lease, user, Session{ID: session, Update: u, At: time.Now().UnixMilli()}, guilds)
}

// Clear ends a session, unless another pod has taken it over. It returns as Set does.
func (p *Pod) Clear(
	ctx context.Context, user snowflake.ID, session string, guilds []snowflake.ID,
) (presence Presence, changed bool, err error) {
	lease := p.lease.Load()
	if lease == nil {
		return Presence{}, false, ErrNoLease
	}
	return p.change(ctx, *lease, user, Session{ID: session}, guilds)
}
