package presence

import "encoding/json"

const (
	// maxShown is how many of a user's sessions the user is told of.
	maxShown = 15
	// overall is the id of what all sessions together look like to others.
	overall = "all"
)

// shownSession is one of a user's sessions as the user is told of it. Discord does not document it.
type shownSession struct {
	ID         string            `json:"session_id"`
	Client     clientInfo        `json:"client_info"`
	Status     Status            `json:"status"`
	Activities []json.RawMessage `json:"activities"`
	Hidden     []json.RawMessage `json:"hidden_activities"`
	Active     bool              `json:"active"`
}

type clientInfo struct {
	Client  string `json:"client"`
	OS      string `json:"os"`
	Version int    `json:"version"`
}

// List returns what a user is told of the own sessions: the data of SESSIONS_REPLACE, and "sessions" of READY. Of several,
// the first stands for all together. What an invisible session does, is hidden.
func List(sessions []Session) (json.RawMessage, error) {
	list := make([]shownSession, 0, len(sessions)+1)
	if len(sessions) > 1 {
		whole := Aggregate(sessions)
		list = append(list, shown(overall, "unknown", whole.Status, whole.Activities))
	}
	for _, s := range sessions[:min(len(sessions), maxShown)] {
		list = append(list, shown(s.ID, string(s.Client), s.Status, s.Activities))
	}
	return json.Marshal(list)
}

func shown(id, client string, status Status, activities []json.RawMessage) shownSession {
	s := shownSession{
		ID: id, Client: clientInfo{Client: client, OS: "unknown"}, Status: status,
		Activities: []json.RawMessage{}, Hidden: []json.RawMessage{}, Active: status != Offline && status != Invisible,
	}
	if len(activities) > 0 {
		if s.Active {
			s.Activities = activities
		} else {
			s.Hidden = activities
		}
	}
	return s
}
