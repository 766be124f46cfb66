package channels

import (
	"context"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const maxOverwrites = 1000

// Kinds of overwrites on the wire.
const (
	ofRole   = int(permissions.OfRole)
	ofMember = int(permissions.OfMember)
)

// Overwrite is an overwrite as clients send it; what is absent or null is empty.
type Overwrite struct {
	ID    snowflake.ID                `json:"id"`
	Type  form.Field[form.Int]        `json:"type"`
	Allow form.Field[permissions.Set] `json:"allow"`
	Deny  form.Field[permissions.Set] `json:"deny"`
}

// kind is whom the overwrite is about; without a type, whatever has the id.
func (o Overwrite) kind(isRole bool) int {
	switch {
	case o.Type.Set:
		return int(o.Type.Value)
	case isRole:
		return ofRole
	}
	return ofMember
}

// resolve returns the overwrites that a body asks for. Each new one must be about a role or member of the guild; those
// that are there already may stay, whoever left since.
func resolve(ctx context.Context, tx *store.Tx, g *access.Guild, sent []Overwrite, present []discord.Overwrite) ([]discord.Overwrite, error) {
	var p form.Problems
	var strangers []snowflake.ID
	at := map[snowflake.ID]int{}
	resolved := make([]discord.Overwrite, 0, len(sent))
	for i, o := range sent {
		path := form.At("permission_overwrites", i)
		isRole := g.Role(o.ID) != nil
		made := discord.Overwrite{ID: o.ID, Type: o.kind(isRole), Allow: o.Allow.Value, Deny: o.Deny.Value}
		_, twice := at[o.ID]
		switch {
		case twice:
			p.Add(path, "BASE_TYPE_BAD_VALUE", "There is another overwrite with this id.")
		case made.Type != ofRole && made.Type != ofMember:
			form.OneOf(&p, form.At(path, "type"), made.Type, ofRole, ofMember)
		case find(present, o.ID, made.Type) != nil:
		case made.Type == ofRole && !isRole:
			p.Add(form.At(path, "id"), "BASE_TYPE_BAD_VALUE", "The guild has no such role.")
		case made.Type == ofMember:
			strangers = append(strangers, o.ID)
		}
		at[o.ID] = i
		resolved = append(resolved, made)
	}
	members, err := tx.MembersAmong(ctx, g.Guild.ID, strangers)
	if err != nil {
		return nil, err
	}
	for _, id := range strangers {
		if !members[id] {
			p.Add(form.At("permission_overwrites", at[id], "id"), "BASE_TYPE_BAD_VALUE", "The guild has no such member.")
		}
	}
	return resolved, p.Err()
}

func find(overwrites []discord.Overwrite, id snowflake.ID, kind int) *discord.Overwrite {
	for i := range overwrites {
		if overwrites[i].ID == id && overwrites[i].Type == kind {
			return &overwrites[i]
		}
	}
	return nil
}

// overwritesOf returns a channel's overwrites.
func overwritesOf(c *discord.Channel) []discord.Overwrite {
	if c == nil || c.PermissionOverwrites == nil {
		return nil
	}
	return *c.PermissionOverwrites
}

// difference is one overwrite that changes; nil: it was not there, or is not any more.
type difference struct{ before, after *discord.Overwrite }

func compare(before, after []discord.Overwrite) []difference {
	var differences []difference
	for i := range before {
		o := &before[i]
		if now := find(after, o.ID, o.Type); now == nil || *now != *o {
			differences = append(differences, difference{o, now})
		}
	}
	for i := range after {
		if o := &after[i]; find(before, o.ID, o.Type) == nil {
			differences = append(differences, difference{nil, o})
		}
	}
	return differences
}

// bits are the permissions that change hands.
func bits(differences []difference) (set permissions.Set) {
	for _, d := range differences {
		var before, after discord.Overwrite
		if d.before != nil {
			before = *d.before
		}
		if d.after != nil {
			after = *d.after
		}
		set |= before.Allow ^ after.Allow | before.Deny ^ after.Deny
	}
	return set
}

// mayOverwrite checks that the caller has what the overwrites of an existing channel are to give or take.
func mayOverwrite(r *access.Room, differences []difference) error {
	grantable := r.Guild.Rules.GrantableIn(r.Member, access.Rules(r.Channel), rules(parentOf(r.Guild, r.Channel)), time.Now())
	if !permissions.MayGrant(grantable, bits(differences)) {
		return discord.ErrMissingPermissions
	}
	return nil
}

// rules are the permission rules of a category, nil for none.
func rules(category *discord.Channel) *permissions.Channel {
	if category == nil {
		return nil
	}
	return access.Rules(category)
}

// synced reports whether two channels have the same overwrites, in whatever order.
func synced(a, b *discord.Channel) bool { return len(compare(overwritesOf(a), overwritesOf(b))) == 0 }

// withSynced returns a changed channel, and if it is a category the channels in it that had its overwrites, with the new
// ones.
func withSynced(g *access.Guild, before *discord.Channel, after discord.Channel) []discord.Channel {
	changed := []discord.Channel{after}
	if before.Type != discord.ChannelCategory || synced(before, &after) {
		return changed
	}
	for _, child := range childrenOf(g, before.ID) {
		if synced(before, &child) {
			child.PermissionOverwrites = after.PermissionOverwrites
			changed = append(changed, child)
		}
	}
	return changed
}

// overwriteEntries records each changed overwrite on its own.
func overwriteEntries(c *call.Call, g *access.Guild, channel snowflake.ID, differences []difference) ([]discord.AuditEntry, error) {
	entries := make([]discord.AuditEntry, 0, len(differences))
	for _, d := range differences {
		action, about := discord.AuditOverwriteUpdate, d.before
		switch {
		case d.before == nil:
			action, about = discord.AuditOverwriteCreate, d.after
		case d.after == nil:
			action = discord.AuditOverwriteDelete
		}
		keys := []string{"allow", "deny"}
		if d.before == nil || d.after == nil {
			keys = []string{"id", "type", "allow", "deny"}
		}
		entry, err := audit.Changed(c, action, channel, d.before, d.after, keys...)
		if err != nil {
			return nil, err
		}
		entry.Options = map[string]string{"id": about.ID.String(), "type": "1"}
		if about.Type == ofRole {
			entry.Options["type"] = "0"
			if role := g.Role(about.ID); role != nil {
				entry.Options["role_name"] = role.Name
			}
		}
		entries = append(entries, entry)
	}
	return entries, nil
}
