package session

import (
	"sync"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Registry keeps the sessions of a pod. A session is in it from before its READY, or its move here, until its end.
type Registry struct {
	mu     sync.Mutex
	byID   map[string]*Session
	byUser map[snowflake.ID]int
}

func newRegistry() *Registry {
	return &Registry{byID: map[string]*Session{}, byUser: map[snowflake.ID]int{}}
}

// put adds a session unless its user has limit already, or there is one with its id.
func (r *Registry) put(s *Session, limit int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byUser[s.profile.User] >= limit || r.byID[s.ID] != nil {
		return false
	}
	r.byID[s.ID] = s
	r.byUser[s.profile.User]++
	sessionsOpen.Inc()
	return true
}

// find returns the session with an id, or nil.
func (r *Registry) find(id string) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}

func (r *Registry) remove(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[s.ID] != s {
		return
	}
	delete(r.byID, s.ID)
	if r.byUser[s.profile.User]--; r.byUser[s.profile.User] == 0 {
		delete(r.byUser, s.profile.User)
	}
	sessionsOpen.Dec()
}

func (r *Registry) all() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*Session, 0, len(r.byID))
	for _, s := range r.byID {
		list = append(list, s)
	}
	return list
}
