package memberlist

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/murmur3"

	"guildhall.chat/guildhall/internal/permissions"
)

// Visibility is what decides who may view a channel, apart from the roles' own permissions.
type Visibility struct {
	everyone bool
	touching string                  // the overwrites that touch VIEW_CHANNEL, in the form that is hashed
	rules    []permissions.Overwrite // the same
}

// VisibilityOf returns the visibility of a channel. Of a thread, pass the parent; private says that it is a private one.
func VisibilityOf(g *permissions.Guild, c *permissions.Channel, private bool) Visibility {
	var v Visibility
	var texts []string
	denied := false
	for _, o := range c.Overwrites {
		switch {
		case o.Allow.Has(permissions.ViewChannel):
			texts = append(texts, "allow:"+o.ID.String())
		case o.Deny.Has(permissions.ViewChannel):
			texts, denied = append(texts, "deny:"+o.ID.String()), true
		default:
			continue
		}
		v.rules = append(v.rules, o)
	}
	slices.Sort(texts)
	v.touching = strings.Join(texts, ",")
	v.everyone = !private && !denied && v.lets(g, permissions.Member{})
	return v
}

// lets reports whether the member may view channels of this visibility.
func (v *Visibility) lets(g *permissions.Guild, m permissions.Member) bool {
	return g.In(m, &permissions.Channel{Overwrites: v.rules}, time.Time{}).Has(permissions.ViewChannel)
}

// Same reports whether channels of the two visibilities share a list.
func (v *Visibility) Same(other *Visibility) bool {
	return v.everyone == other.everyone && (v.everyone || v.touching == other.touching)
}

// ListID returns the id of the list on the wire. Clients work it out by themselves, so it is part of the protocol: the
// MurmurHash3 of what touches VIEW_CHANNEL.
func (v *Visibility) ListID() string {
	if v.everyone {
		return "everyone"
	}
	return strconv.FormatUint(uint64(murmur3.StringSum32(v.touching)), 10)
}
