package presence

import (
	"cmp"
	"encoding/json"
	"slices"
)

// Session is one of a user's sessions.
type Session struct {
	ID string `json:"-"`
	Update
	At int64 `json:"at"` // when it told this, Unix milliseconds
}

// Aggregate makes one presence of all of a user's sessions. Those that are invisible or offline don't count.
//
// DND comes first, because who asks for quiet on one device means it for all; Idle last, because who is idle on one may be
// busy on another. The activities are those of the session that told some last.
func Aggregate(sessions []Session) Presence {
	p := offline
	sessions = slices.SortedFunc(slices.Values(sessions), func(a, b Session) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID))
	})
	for _, s := range sessions {
		if rank(s.Status) == 0 {
			continue
		}
		p.Status = better(p.Status, s.Status)
		switch c := &p.ClientStatus; s.Client {
		case Desktop:
			c.Desktop = better(c.Desktop, s.Status)
		case Mobile:
			c.Mobile = better(c.Mobile, s.Status)
		default:
			c.Web = better(c.Web, s.Status)
		}
		if len(s.Activities) > 0 {
			p.Activities = s.Activities
		}
	}
	return p
}

func better(a, b Status) Status {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// rank orders the statuses; 0: not there.
func rank(s Status) int {
	switch s {
	case DND:
		return 3
	case Online:
		return 2
	case Idle:
		return 1
	}
	return 0
}

// same reports whether others see a difference.
func same(a, b Presence) bool {
	return a.Status == b.Status && a.ClientStatus == b.ClientStatus &&
		slices.EqualFunc(a.Activities, b.Activities, func(a, b json.RawMessage) bool { return string(a) == string(b) })
}
