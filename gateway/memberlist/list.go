package memberlist

import "encoding/json"

// List is the members who may view channels of one visibility.
type List struct {
	guild      *Guild
	visibility Visibility
	now        state
	shown      state // what clients know
	stale      bool  // it must be made anew
}

// ID returns the list's id on the wire.
func (l *List) ID() string { return l.visibility.ListID() }

// shows reports whether the member is one of the list.
func (l *List) shows(e *entry) bool {
	return l.visibility.everyone || l.visibility.lets(l.guild.perms, e.rules())
}

// fill makes the list anew of all members, who are in order.
func (l *List) fill(all []*entry) {
	l.stale = false
	l.now = newState(l.guild.groups)
	l.now.touched = true
	for _, e := range all {
		if l.shows(e) {
			l.now.tree.Load(e)
			l.now.counts[e.group]++
		}
	}
	l.count()
}

// count notes how many members the guild has.
func (l *List) count() { l.now.online, l.now.total = l.guild.online, l.guild.members.Len() }

// Sync returns the GUILD_MEMBER_LIST_UPDATE for who begins to watch some blocks and no longer watches others, both of which
// may be empty. It has the list as all who watch it know it, to which the next Flush applies.
func (l *List) Sync(begins, ends Blocks) json.RawMessage {
	u := l.update(&l.shown)
	for _, block := range ends {
		u.invalidate(block)
	}
	for _, block := range begins {
		u.sync(block, l.shown.rows(block))
	}
	return u.end()
}

// Flush makes what has changed since the last Flush known: it returns the GUILD_MEMBER_LIST_UPDATE for those who watch
// exactly the blocks, in the order of the sets. It is nil where nothing has changed that they see.
func (l *List) Flush(watched []Blocks) []json.RawMessage {
	l.guild.settle()
	l.count()
	updates := make([]json.RawMessage, len(watched))
	if l.now.touched {
		// A block that is no longer full moves what comes after it, which must be gone by then.
		backwards := l.now.len() < l.shown.len()
		regrouped := !l.now.sameGroups(&l.shown)
		changes := map[int][]byte{}
		for i, blocks := range watched {
			u := l.update(&l.now)
			for n, block := range blocks {
				if backwards {
					block = blocks[len(blocks)-1-n]
				}
				if _, made := changes[block]; !made {
					changes[block] = l.changes(block)
				}
				u.add(changes[block])
			}
			if regrouped || u.ops > 0 {
				updates[i] = u.end()
			}
		}
	}
	l.show()
	return updates
}

// show notes that clients know the list as it is now.
func (l *List) show() {
	l.now.touched = false
	l.shown = l.now.copy()
}

// changes returns the operations that make a block as it is now of the block as it was shown.
func (l *List) changes(block int) []byte {
	var ops operations
	ops.change(block, l.shown.rows(block), l.now.rows(block))
	return ops.json
}

func (l *List) update(s *state) *update { return newUpdate(l.guild.perms.ID, l.ID(), s) }
