package relationships_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/relationships"
	"guildhall.chat/guildhall/internal/discord"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return relationships.New(w.Store, w.Presences, w.Publisher).Routes()
	})
}

const path = "/users/@me/relationships"

type object = map[string]any

func with(c *apitest.Client) string { return path + "/" + c.ID.String() }

func ask(t *testing.T, c, other *apitest.Client) {
	t.Helper()
	c.Must(t, http.MethodPut, with(other), object{}, nil)
}

func befriend(t *testing.T, a, b *apitest.Client) {
	t.Helper()
	ask(t, a, b)
	ask(t, b, a)
}

// expect compares what a user's list says of the other; -1: nothing.
func expect(t *testing.T, c, other *apitest.Client, want discord.RelationshipType) {
	t.Helper()
	var all []discord.Relationship
	c.Must(t, http.MethodGet, path, nil, &all)
	got := discord.RelationshipType(-1)
	for _, r := range all {
		if r.ID == other.ID && r.User.ID == other.ID {
			got = r.Type
		}
	}
	if got != want {
		t.Errorf("type %d, expected %d", got, want)
	}
}

const nothing discord.RelationshipType = -1

// told returns the types of the events in a user's log, each with the type of the relationship.
func told(t *testing.T, w *apitest.World, c *apitest.Client) (all []string) {
	t.Helper()
	for _, e := range w.Events(t, c.ID, 0) {
		var r discord.RelationshipEvent
		if err := json.Unmarshal(e.Data, &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Head.Type+" "+string('0'+rune(r.Type)))
	}
	return all
}

func sameList(t *testing.T, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%q, expected %q", got, want)
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%q, expected %q", got, want)
		}
	}
}

func TestFriends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	ask(t, a, b)
	expect(t, a, b, discord.RelationshipOutgoing)
	expect(t, b, a, discord.RelationshipIncoming)
	ask(t, a, b) // again changes nothing
	ask(t, b, a)
	expect(t, a, b, discord.RelationshipFriend)
	expect(t, b, a, discord.RelationshipFriend)
	a.Fails(t, http.MethodPut, with(b), object{}, discord.ErrAlreadyFriends)
	a.Must(t, http.MethodPatch, with(b), object{"nickname": "Bee"}, nil)
	a.Fails(t, http.MethodPatch, with(b), object{"nickname": "a name of more than thirty-two characters"}, discord.ErrInvalidForm)
	b.Must(t, http.MethodDelete, with(a), nil, nil)
	expect(t, a, b, nothing)
	expect(t, b, a, nothing)
	sameList(t, told(t, w, a), "RELATIONSHIP_ADD 4", "RELATIONSHIP_ADD 1", "RELATIONSHIP_UPDATE 1", "RELATIONSHIP_REMOVE 1")
	sameList(t, told(t, w, b), "RELATIONSHIP_ADD 3", "RELATIONSHIP_ADD 1", "RELATIONSHIP_REMOVE 1")
	a.Fails(t, http.MethodPatch, with(b), object{"nickname": "Bee"}, discord.ErrUnknownUser)
}

func TestBothMayAskAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	var group sync.WaitGroup
	group.Go(func() { ask(t, a, b) })
	group.Go(func() { ask(t, b, a) })
	group.Wait()
	expect(t, a, b, discord.RelationshipFriend)
	expect(t, b, a, discord.RelationshipFriend)
}

func TestAskByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	w.Exec(t, `update users set username = 'zo.e' where id = $1`, b.ID)
	a.Must(t, http.MethodPost, path, object{"username": "Zo.e", "discriminator": nil}, nil)
	expect(t, b, a, discord.RelationshipIncoming)
	a.Fails(t, http.MethodPost, path, object{"username": "nobody.here"}, discord.ErrNoSuchName)
	a.Fails(t, http.MethodPost, path, object{"username": "zo.e", "discriminator": "1234"}, discord.ErrNoSuchName)
	a.Fails(t, http.MethodPost, path, object{}, discord.ErrInvalidForm)
}

func TestBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	befriend(t, a, b)
	a.Must(t, http.MethodPut, with(b), object{"type": 2}, nil)
	expect(t, a, b, discord.RelationshipBlocked)
	expect(t, b, a, nothing)
	b.Fails(t, http.MethodPut, with(a), object{}, discord.ErrFriendBlocked)
	a.Fails(t, http.MethodPut, with(b), object{}, discord.ErrFriendBlocked)
	b.Must(t, http.MethodPut, with(a), object{"type": 2}, nil)
	a.Must(t, http.MethodDelete, with(b), nil, nil)
	expect(t, a, b, nothing)
	expect(t, b, a, discord.RelationshipBlocked) // one's block is not the other's
	sameList(t, told(t, w, b), "RELATIONSHIP_ADD 3", "RELATIONSHIP_ADD 1", "RELATIONSHIP_REMOVE 1", "RELATIONSHIP_ADD 2")
}

func TestIgnore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	a.Must(t, http.MethodPut, with(b)+"/ignore", nil, nil)
	expect(t, a, b, discord.RelationshipNone)
	befriend(t, a, b)
	a.Must(t, http.MethodDelete, with(b), nil, nil)
	expect(t, a, b, discord.RelationshipNone)
	a.Must(t, http.MethodDelete, with(b)+"/ignore", nil, nil)
	expect(t, a, b, nothing)
	expect(t, b, a, nothing)
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, friend := w.User(t), w.User(t), w.User(t)
	w.Exec(t, `insert into user_settings (user_id, settings)
		values ($1, '{"friend_source_flags": {"all": false, "mutual_friends": true, "mutual_guilds": false}}')`, b.ID)
	a.Fails(t, http.MethodPut, with(b), object{}, discord.ErrRequestsDisabled)
	befriend(t, b, friend) // b asks, so nobody is in the way
	befriend(t, a, friend)
	ask(t, a, b)
	expect(t, b, a, discord.RelationshipIncoming)
}

func TestDeclineAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c, friend := w.User(t), w.User(t), w.User(t), w.User(t)
	befriend(t, a, friend)
	ask(t, b, a)
	ask(t, c, a)
	a.Must(t, http.MethodDelete, path, nil, nil)
	expect(t, a, b, nothing)
	expect(t, c, a, nothing)
	expect(t, a, friend, discord.RelationshipFriend)
	a.Fails(t, http.MethodDelete, path+"?relationship_type=1", nil, discord.ErrInvalidForm)
}

func TestWhoIsNoFriend(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.User(t)
	bot := w.Bot(t, a, 0)
	a.Fails(t, http.MethodPut, with(bot), object{}, discord.ErrFriendBot)
	a.Fails(t, http.MethodPut, with(a), object{}, discord.ErrFriendSelf)
	a.Fails(t, http.MethodPut, path+"/1", object{}, discord.ErrUnknownUser)
	a.Fails(t, http.MethodPut, path+"/x", object{}, discord.ErrInvalidForm)
	a.Fails(t, http.MethodPut, path+"/1", object{"type": 3}, discord.ErrInvalidForm)
	bot.Fails(t, http.MethodGet, path, nil, discord.ErrBotsForbidden)
	w.Anyone().Fails(t, http.MethodGet, path, nil, discord.ErrUnauthorized)
	a.Must(t, http.MethodPut, with(bot), object{"type": 2}, nil) // but blocked it can be
	expect(t, a, bot, discord.RelationshipBlocked)
}
