package fanout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// The sessions of this test, by what they may do. All are bots with every intent unless the name says otherwise.
const (
	theOwner    = "owner"    // may everything
	everyone    = "everyone" // sees the text and voice channels, nothing else
	moderator   = "moderator"
	blind       = "blind" // sees no channel
	noIntents   = "no intents"
	guildsOnly  = "guilds only"
	noContent   = "no content"
	person      = "person"
	threadGuest = "thread guest" // in the private thread
)

const (
	hidden        = testText + 50 // only for moderators and the owner
	publicThread  = testText + 60
	privateThread = testText + 61
)

// crowd is a guild with one session of each kind.
func crowd(t *testing.T) (*Guild, map[string]*sink) {
	g := newView(t, 20, 4)
	moderators := discord.Role{ID: testRole, Permissions: permissions.ManageGuild | permissions.ViewAuditLog | permissions.BanMembers |
		permissions.ManageChannels | permissions.ManageThreads | permissions.ViewChannel}
	apply(t, g, events.Header{Type: discord.EventGuildRoleCreate}, discord.RoleEvent{Role: moderators})
	blinds := discord.Role{ID: testRole + 1}
	apply(t, g, events.Header{Type: discord.EventGuildRoleCreate}, discord.RoleEvent{Role: blinds})
	for i := range 4 {
		overwrites := []discord.Overwrite{{ID: blinds.ID, Deny: permissions.ViewChannel}}
		apply(t, g, events.Header{Type: discord.EventChannelUpdate}, textChannel(i, overwrites))
	}
	secret := textChannel(50, []discord.Overwrite{{ID: testGuild, Deny: permissions.ViewChannel}, {ID: testRole, Allow: permissions.ViewChannel}})
	secret.Type = discord.ChannelText
	apply(t, g, events.Header{Type: discord.EventChannelCreate}, secret)

	all := map[string]*sink{}
	seat := func(name string, user int, intents discord.Intents, roles ...snowflake.ID) {
		if roles != nil {
			apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: someMember(user, roles)})
		}
		p := botProfile(user, intents)
		p.Bot = name != person
		all[name] = sit(t, g, p)
	}
	seat(theOwner, 0, discord.IntentsAll)
	seat(everyone, 1, discord.IntentsAll)
	seat(moderator, 2, discord.IntentsAll, testRole)
	seat(blind, 3, discord.IntentsAll, testRole+1)
	seat(noIntents, 4, 0)
	seat(guildsOnly, 5, discord.IntentGuilds)
	seat(noContent, 6, discord.IntentsAll&^discord.IntentMessageContent)
	seat(person, 7, discord.IntentsAll)
	seat(threadGuest, 8, discord.IntentsAll)
	apply(t, g, events.Header{Type: discord.EventThreadCreate}, map[string]any{"id": publicThread, "type": 11, "parent_id": testText})
	apply(t, g, events.Header{Type: discord.EventThreadCreate, Thread: inThread(testUser + 8)},
		map[string]any{"id": privateThread, "type": 12, "parent_id": testText})
	for _, s := range all {
		s.take(t)
	}
	return g, all
}

// inThread is what the header says of a private thread with the users in it.
func inThread(users ...snowflake.ID) *events.Thread {
	t := &events.Thread{Parent: testText, Private: true, Members: []events.ThreadMember{}}
	for _, user := range users {
		t.Members = append(t.Members, events.ThreadMember{User: user, Joined: 1})
	}
	return t
}

func id(user int) snowflake.ID { return testUser + snowflake.ID(user) }

var (
	everybody   = []string{theOwner, everyone, moderator, blind, noIntents, guildsOnly, noContent, person, threadGuest}
	withIntents = []string{theOwner, everyone, moderator, blind, noContent, person, threadGuest}
	viewers     = []string{theOwner, everyone, moderator, noContent, person, threadGuest}
	withGuilds  = append([]string{guildsOnly}, withIntents...)
	viewGuilds  = append([]string{guildsOnly}, viewers...)
	trusted     = []string{theOwner, moderator}
	inPrivate   = []string{theOwner, moderator, threadGuest}
)

type delivered struct {
	name string
	head events.Header
	data any
	to   []string
}

// deliveries has every dispatch in scope that comes from a guild's log, with whom it is for.
// https://discord.com/developers/docs/events/gateway-events#receive-events
func deliveries() []delivered {
	raw := func(format string, args ...any) json.RawMessage { return json.RawMessage(fmt.Sprintf(format, args...)) }
	in := func(event string, channel snowflake.ID) events.Header {
		return events.Header{Type: event, Channel: channel}
	}
	of := func(event string) events.Header { return events.Header{Type: event} }
	needs := func(event string, set permissions.Set) events.Header { return events.Header{Type: event, Needs: set} }
	about := func(event string, user int) events.Header { return events.Header{Type: event, User: id(user)} }
	for_ := func(event string, user int) events.Header {
		return events.Header{Type: event, Only: []snowflake.ID{id(user)}}
	}
	secret := textChannel(50, []discord.Overwrite{{ID: testGuild, Deny: permissions.ViewChannel}, {ID: testRole, Allow: permissions.ViewChannel}})
	secret.Type = discord.ChannelText
	made, hiddenOne := textChannel(70, nil), secret
	hiddenOne.ID = testText + 71
	empty := raw(`{}`)
	list := []delivered{
		{"", of(discord.EventGuildUpdate), discord.Guild{ID: testGuild, OwnerID: owner}, withGuilds},
		{"", of(discord.EventGuildRoleCreate), discord.RoleEvent{Role: discord.Role{ID: testRole + 9}}, withGuilds},
		{"", of(discord.EventGuildRoleUpdate), discord.RoleEvent{Role: discord.Role{ID: testRole + 9}}, withGuilds},
		{"", of(discord.EventGuildRoleDelete), discord.RoleDeleteEvent{RoleID: testRole + 9}, withGuilds},
		{"of a channel for all", of(discord.EventChannelCreate), made, append([]string{blind}, viewGuilds...)},
		{"of a hidden channel", of(discord.EventChannelCreate), hiddenOne, trusted},
		{"of a hidden channel", of(discord.EventChannelUpdate), secret, trusted},
		{"opens a channel", of(discord.EventChannelUpdate), textChannel(50, nil), append([]string{blind}, viewGuilds...)},
		{"hides it again from who saw it", of(discord.EventChannelUpdate), secret, append([]string{blind}, viewGuilds...)},
		{"of a channel for all", of(discord.EventChannelDelete), made, append([]string{blind}, viewGuilds...)},
		{"of a hidden channel", of(discord.EventChannelDelete), hiddenOne, trusted},
		{"", in(discord.EventChannelPinsUpdate, testText), empty, viewGuilds},
		{"", of(discord.EventThreadCreate), raw(`{"id":"%d","type":11,"parent_id":"%d"}`, publicThread+9, testText), viewGuilds},
		{"in a hidden channel", of(discord.EventThreadCreate), raw(`{"id":"%d","type":11,"parent_id":"%d"}`, publicThread+8, hidden), trusted},
		{"private, newly made", events.Header{Type: discord.EventThreadCreate, Thread: inThread(id(1))},
			raw(`{"id":"%d","type":12,"parent_id":"%d","owner_id":"%d","newly_created":true}`, privateThread+9, testText, id(1)),
			append([]string{everyone}, trusted...)},
		{"told again to who was added", events.Header{Type: discord.EventThreadCreate, Only: []snowflake.ID{id(1)}},
			raw(`{"id":"%d","type":11,"parent_id":"%d","member":{}}`, publicThread, testText), []string{everyone}},
		{"", of(discord.EventThreadUpdate), raw(`{"id":"%d","type":11,"parent_id":"%d"}`, publicThread, testText), viewGuilds},
		{"private", of(discord.EventThreadUpdate), raw(`{"id":"%d","type":12,"parent_id":"%d"}`, privateThread, testText), inPrivate},
		{"", of(discord.EventThreadDelete), raw(`{"id":"%d","type":11,"parent_id":"%d"}`, publicThread+9, testText), viewGuilds},
		{"private", of(discord.EventThreadDelete), raw(`{"id":"%d","type":12,"parent_id":"%d"}`, privateThread+9, testText), append([]string{everyone}, trusted...)},
		{"", for_(discord.EventThreadListSync, 5), empty, []string{guildsOnly}},
		{"", for_(discord.EventThreadMemberUpdate, 5), empty, []string{guildsOnly}},
		{"without the intent", for_(discord.EventThreadMemberUpdate, 4), empty, nil},
		{"of others", of(discord.EventThreadMembersUpdate), raw(`{"id":"%d","removed_member_ids":["%d"]}`, publicThread, id(1)), viewers},
		{"of oneself", of(discord.EventThreadMembersUpdate), raw(`{"id":"%d","added_members":[{"user_id":"%d"}]}`, publicThread, id(5)), viewGuilds},
		{"of oneself without any intent", of(discord.EventThreadMembersUpdate), raw(`{"id":"%d","added_members":[{"user_id":"%d"}]}`, publicThread, id(4)), viewers},
		{"private", of(discord.EventThreadMembersUpdate), raw(`{"id":"%d","added_members":[{"user_id":"%d"}]}`, privateThread, id(1)), append([]string{everyone}, inPrivate...)},
		{"taken out of a private one", of(discord.EventThreadMembersUpdate), raw(`{"id":"%d","removed_member_ids":["%d"]}`, privateThread, id(1)), append([]string{everyone}, inPrivate...)},
		{"", needs(discord.EventAuditLogEntryCreate, permissions.ViewAuditLog), empty, trusted},
		{"", needs(discord.EventGuildBanAdd, permissions.BanMembers|permissions.ViewAuditLog), empty, trusted},
		{"", needs(discord.EventGuildBanRemove, permissions.BanMembers|permissions.ViewAuditLog), empty, trusted},
		{"", of(discord.EventGuildEmojisUpdate), raw(`{"emojis":[]}`), withIntents},
		{"", of(discord.EventGuildStickersUpdate), raw(`{"stickers":[]}`), withIntents},
		{"", of(discord.EventGuildIntegrationsUpdate), empty, withIntents},
		{"", of(discord.EventIntegrationCreate), empty, withIntents},
		{"", of(discord.EventIntegrationUpdate), empty, withIntents},
		{"", of(discord.EventIntegrationDelete), empty, withIntents},
		{"", of(discord.EventGuildMemberAdd), discord.MemberEvent{Member: someMember(15, nil)}, withIntents},
		{"of others", about(discord.EventGuildMemberUpdate, 15), discord.MemberEvent{Member: someMember(15, nil)}, withIntents},
		{"of oneself", about(discord.EventGuildMemberUpdate, 4), discord.MemberEvent{Member: someMember(4, nil)}, append([]string{noIntents}, withIntents...)},
		{"", of(discord.EventGuildMemberRemove), discord.MemberRemoveEvent{User: discord.User{ID: id(15)}}, withIntents},
		{"", of(discord.EventScheduledEventCreate), empty, withIntents},
		{"in a hidden channel", in(discord.EventScheduledEventUpdate, hidden), empty, trusted},
		{"", of(discord.EventScheduledEventDelete), empty, withIntents},
		{"", of(discord.EventScheduledEventUserAdd), empty, withIntents},
		{"", of(discord.EventScheduledEventUserRemove), empty, withIntents},
		{"", events.Header{Type: discord.EventInviteCreate, Channel: testText, Needs: permissions.ManageChannels}, empty, trusted},
		{"", events.Header{Type: discord.EventInviteDelete, Channel: hidden, Needs: permissions.ManageChannels}, empty, trusted},
		{"", events.Header{Type: discord.EventTypingStart, Channel: testText}, empty, viewers},
		{"", of(discord.EventPresenceUpdate), raw(`{"user":{"id":"%d"},"status":"idle"}`, id(9)), withIntents},
		{"", in(discord.EventWebhooksUpdate, testText), empty, viewers},
		{"", for_(discord.EventInteractionCreate, 4), empty, []string{noIntents}},
		{"", for_(discord.EventAppPermissionsUpdate, 4), empty, []string{noIntents}},
		{"", of(discord.EventCommandIndexUpdate), empty, []string{person}},
		{"of a kind unknown here", of("SOMETHING_NEW"), empty, everybody},
	}
	for _, event := range []string{discord.EventAutoModRuleCreate, discord.EventAutoModRuleUpdate, discord.EventAutoModRuleDelete,
		discord.EventAutoModActionExecution} {
		list = append(list, delivered{"", needs(event, permissions.ManageGuild), empty, trusted})
	}
	for _, event := range []string{discord.EventMessageCreate, discord.EventMessageUpdate, discord.EventMessageDelete,
		discord.EventMessageDeleteBulk, discord.EventMessageReactionAdd, discord.EventMessageReactionRemove,
		discord.EventMessageReactionRemoveAll, discord.EventMessageReactionRemoveEmo, discord.EventMessagePollVoteAdd,
		discord.EventMessagePollVoteRemove} {
		list = append(list,
			delivered{"", in(event, testText), empty, viewers},
			delivered{"in a voice channel", in(event, testText+3), empty, viewers},
			delivered{"in a hidden channel", in(event, hidden), empty, trusted},
			delivered{"in a thread", in(event, publicThread), empty, viewers},
			delivered{"in a private thread", in(event, privateThread), empty, inPrivate},
			delivered{"in a channel that is not there", in(event, 1), empty, nil},
		)
	}
	return append(list, delivered{"", of(discord.EventGuildDelete), discord.UnavailableGuild{ID: testGuild}, withGuilds})
}

// fromElsewhere are the dispatches in scope that no guild's log has: of sessions themselves, and of users' logs.
var fromElsewhere = []string{
	discord.EventReady, discord.EventResumed, discord.EventRateLimited, discord.EventGuildMembersChunk, discord.EventGuildCreate,
	discord.EventUserUpdate, discord.EventGuildMemberListUpdate, discord.EventSessionsReplace,
}

func TestEachEventGoesToWhomItIsFor(t *testing.T) {
	t.Parallel()
	g, sessions := crowd(t)
	tested := map[string]bool{}
	for _, d := range deliveries() {
		name := strings.TrimSpace(d.head.Type + " " + d.name)
		tested[d.head.Type] = true
		past := apply(t, g, d.head, d.data)
		var got []string
		for _, who := range everybody {
			if names := sessions[who].take(t); len(names) == 1 && names[0] == d.head.Type {
				got = append(got, who)
			} else if len(names) != 0 {
				t.Errorf("%s: %s got %v", name, who, names)
			}
		}
		want := slices.Sorted(slices.Values(d.to))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: to %v, want %v", name, got, want)
		}
		if judged := judge(t, g, sessions, past); judged != nil && !slices.Equal(judged, want) {
			t.Errorf("%s: judged afterwards, to %v, want %v", name, judged, want)
		}
	}
	for _, event := range allEvents() {
		if !tested[event] && !slices.Contains(fromElsewhere, event) {
			t.Errorf("%s is not tested", event)
		}
	}
}

// judge returns who would be sent a past event by the guild's state now, or nil where that can't be told.
func judge(t *testing.T, g *Guild, sessions map[string]*sink, e events.Event) []string {
	t.Helper()
	if g.closed || changesAccess(&e) || e.Head.Type == discord.EventThreadMembersUpdate ||
		e.Head.Type == discord.EventChannelUpdate { // those who saw it before are not known any more
		return nil
	}
	got := []string{}
	for _, who := range slices.Sorted(maps.Keys(sessions)) {
		s := sessions[who]
		m, is := g.member(s.profile.User)
		if !is {
			t.Fatalf("%s is no member", who)
		}
		d, err := g.forSeat(newDispatch(e), g.seats.byUser[s.profile.User], m, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if d != nil {
			got = append(got, who)
		}
	}
	return got
}

// allEvents returns the names of all dispatches in scope, as the metrics know them.
func allEvents() []string { return slices.Sorted(maps.Keys(knownEvents)) }

func TestThreadMembersAreToldOfThemselvesAlone(t *testing.T) {
	t.Parallel()
	g, sessions := crowd(t)
	change := map[string]any{
		"id": publicThread, "member_count": 3, "added_members": []any{map[string]any{"user_id": id(5)}, map[string]any{"user_id": id(1)}},
		"removed_member_ids": []any{id(2)},
	}
	apply(t, g, events.Header{Type: discord.EventThreadMembersUpdate}, change)
	got := data(t, sessions[guildsOnly].takeAll(t)[0])
	if added, _ := got["added_members"].([]any); len(added) != 1 || added[0].(map[string]any)["user_id"] != id(5).String() || got["removed_member_ids"] != nil {
		t.Errorf("without the intent: %v", got)
	}
	whole := data(t, sessions[everyone].takeAll(t)[0])
	if added, _ := whole["added_members"].([]any); len(added) != 2 {
		t.Errorf("with the intent: %v", whole)
	}
}

func TestExecutionIsEmptiedWithoutTheIntent(t *testing.T) {
	t.Parallel()
	g, sessions := crowd(t)
	role := someMember(6, []snowflake.ID{testRole}) // makes a moderator of who lacks the intent
	apply(t, g, events.Header{Type: discord.EventGuildMemberUpdate}, discord.MemberEvent{Member: role})
	sessions[noContent].take(t)
	apply(t, g, events.Header{Type: discord.EventAutoModActionExecution, Needs: permissions.ManageGuild},
		json.RawMessage(`{"content":"a","matched_content":"b","matched_keyword":"c"}`))
	got := data(t, sessions[noContent].takeAll(t)[0])
	if got["content"] != "" || got["matched_content"] != "" || got["matched_keyword"] != "c" {
		t.Errorf("%v", got)
	}
	sessions[moderator].take(t)
}

// An active thread that a bot may see is in its GUILD_CREATE; to people, those they are in.
func TestGuildCreateListsThreads(t *testing.T) {
	t.Parallel()
	g, sessions := crowd(t)
	list := func(who string) (ids []snowflake.ID) {
		c, _ := created(t, g, sessions[who].profile)
		for _, thread := range c.Threads {
			ids = append(ids, thread.ID)
		}
		return ids
	}
	for who, want := range map[string][]snowflake.ID{
		everyone: {publicThread}, moderator: {publicThread, privateThread}, threadGuest: {publicThread, privateThread}, blind: nil, person: nil,
	} {
		if got := list(who); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", who, got, want)
		}
	}
	apply(t, g, events.Header{Type: discord.EventThreadMembersUpdate}, map[string]any{"id": publicThread, "added_members": []any{map[string]any{"user_id": id(7)}}})
	if got := list(person); !slices.Equal(got, []snowflake.ID{publicThread}) {
		t.Errorf("a person who has joined: %v", got)
	}
	apply(t, g, events.Header{Type: discord.EventThreadUpdate}, map[string]any{
		"id": publicThread, "type": 11, "parent_id": testText, "thread_metadata": map[string]any{"archived": true}})
	if got := list(everyone); len(got) != 0 {
		t.Errorf("archived: %v", got)
	}
}
