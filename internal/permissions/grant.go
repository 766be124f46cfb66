package permissions

import "time"

// everything includes the bits without a name: administrators may pass on those too.
const everything = ^Set(0)

// MayGrant reports whether one who has the set may give or take the bits: only what one has oneself. Pass the bits that
// change, old ^ new: what is there already stays, whoever edits.
func MayGrant(have, bits Set) bool { return have.Has(Administrator) || have.Has(bits) }

// GrantableIn returns the bits the member may allow or deny by an overwrite on an existing channel: what they may do in
// the guild or in the category (nil if there is none). Whom an overwrite lets manage roles in the channel may set all.
// That they may edit overwrites (MANAGE_ROLES) is for the caller to check.
func (g *Guild) GrantableIn(m Member, c, parent *Channel, now time.Time) Set {
	base := g.Base(m, now)
	if base.Has(Administrator) {
		return everything
	}
	byOverwrite := limit(g.overwritten(base&^ManageRoles, m, c.Overwrites), m, now)
	if byOverwrite.Has(ManageRoles) {
		return everything
	}
	return base | g.inParent(m, parent, now)
}

// GrantableNew returns the bits the member may allow or deny by an overwrite on a channel they create: as GrantableIn,
// but only administrators may name MANAGE_ROLES.
func (g *Guild) GrantableNew(m Member, parent *Channel, now time.Time) Set {
	base := g.Base(m, now)
	if base.Has(Administrator) {
		return everything
	}
	return (base | g.inParent(m, parent, now)) &^ ManageRoles
}

func (g *Guild) inParent(m Member, parent *Channel, now time.Time) Set {
	if parent == nil {
		return 0
	}
	return g.In(m, parent, now)
}
