package permissions

// TopRole returns the member's highest role, @everyone if there is no other.
func (g *Guild) TopRole(m Member) Role {
	top := g.Roles[g.ID]
	top.ID = g.ID
	for _, id := range m.Roles {
		if role, ok := g.Roles[id]; ok && g.Above(role, top) {
			top = role
		}
	}
	return top
}

// OutranksMember reports whether the actor may act on the target (kick, ban, rename, ...): the target's top role is
// strictly lower. The owner is above all, so is outranked by nobody. Nobody outranks themselves.
func (g *Guild) OutranksMember(actor, target Member) bool {
	switch {
	case actor.User == target.User, target.User == g.Owner:
		return false
	case actor.User == g.Owner:
		return true
	}
	return g.Above(g.TopRole(actor), g.TopRole(target))
}

// OutranksRole reports whether the actor may act on the role (give, take, edit, sort, delete): it is strictly lower than
// the actor's top role. The owner is above all.
func (g *Guild) OutranksRole(actor Member, role Role) bool {
	return actor.User == g.Owner || g.Above(g.TopRole(actor), role)
}

// Above reports whether a is strictly higher than b. Of two in one position the older, of the lower id, is higher; but
// @everyone, the oldest, is the lowest of all.
func (g *Guild) Above(a, b Role) bool {
	switch {
	case a.ID == b.ID || a.ID == g.ID:
		return false
	case b.ID == g.ID:
		return true
	case a.Position != b.Position:
		return a.Position > b.Position
	}
	return a.ID < b.ID
}
