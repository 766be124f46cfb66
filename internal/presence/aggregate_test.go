package presence

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"testing"
)

func activities(names ...string) []json.RawMessage {
	all := []json.RawMessage{}
	for _, name := range names {
		all = append(all, json.RawMessage(`{"name":"`+name+`","type":0,"created_at":1}`))
	}
	return all
}

func session(id string, at int64, client Client, status Status, names ...string) Session {
	return Session{ID: id, At: at, Update: Update{Status: status, Client: client, Activities: activities(names...)}}
}

func TestAggregate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sessions []Session
		want     Presence
	}{
		"nobody": {nil, Presence{Offline, activities(), ClientStatus{}}},
		"one": {
			[]Session{session("a", 1, Desktop, Idle, "chess")},
			Presence{Idle, activities("chess"), ClientStatus{Desktop: Idle}},
		},
		"invisible hides what it tells": {
			[]Session{session("a", 1, Desktop, Invisible, "chess"), session("b", 1, Web, Offline, "go")},
			Presence{Offline, activities(), ClientStatus{}},
		},
		"invisible doesn't hide another": {
			[]Session{session("a", 2, Desktop, Invisible, "chess"), session("b", 1, Web, Online, "go")},
			Presence{Online, activities("go"), ClientStatus{Web: Online}},
		},
		"dnd before online before idle": {
			[]Session{session("a", 1, Web, DND), session("b", 2, Desktop, Online), session("c", 3, Mobile, Idle)},
			Presence{DND, activities(), ClientStatus{Desktop: Online, Mobile: Idle, Web: DND}},
		},
		"online before idle": {
			[]Session{session("b", 2, Mobile, Online), session("c", 3, Mobile, Idle)},
			Presence{Online, activities(), ClientStatus{Mobile: Online}},
		},
		"the activities told last": {
			[]Session{session("a", 5, Web, Online), session("b", 3, Web, Online, "new", "newer"), session("c", 2, Web, Online, "old")},
			Presence{Online, activities("new", "newer"), ClientStatus{Web: Online}},
		},
		"told at once: the higher id": {
			[]Session{session("b", 1, Web, Online, "b"), session("a", 1, Web, Online, "a")},
			Presence{Online, activities("b"), ClientStatus{Web: Online}},
		},
	}
	for name, tt := range tests {
		for range 5 {
			rand.Shuffle(len(tt.sessions), func(i, j int) { tt.sessions[i], tt.sessions[j] = tt.sessions[j], tt.sessions[i] })
			if got := Aggregate(tt.sessions); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
			}
		}
	}
}

func TestPresenceJSON(t *testing.T) {
	t.Parallel()
	p := Aggregate([]Session{session("a", 1, Desktop, DND, "chess")})
	got, err := p.Event(7, 9)
	const want = `{"user":{"id":"7"},"guild_id":"9","status":"dnd","activities":[{"name":"chess","type":0,"created_at":1}],"client_status":{"desktop":"dnd"}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
	got, err = offline.Event(7, 0)
	const friend = `{"user":{"id":"7"},"status":"offline","activities":[],"client_status":{}}`
	if err != nil || string(got) != friend {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestClientOf(t *testing.T) {
	t.Parallel()
	for browser, want := range map[string]Client{
		"Discord Client": Desktop, "Discord iOS": Mobile, "Discord Android": Mobile, "discord.js": Web, "Chrome": Web, "": Web,
	} {
		if got := ClientOf(browser); got != want {
			t.Errorf("%q: %v", browser, got)
		}
	}
}
