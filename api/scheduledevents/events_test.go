package scheduledevents_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/scheduledevents"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

type object = map[string]any

// hall is a guild with an owner and a member.
type hall struct {
	*apitest.World
	owner, member *apitest.Client
	id            snowflake.ID
	guild, events string
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(), scheduledevents.New(w.Store, w.Access).Routes())
	})}
	h.owner, h.member = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.id, h.guild = g.ID, "/guilds/"+g.ID.String()
	h.events = h.guild + "/scheduled-events"
	h.Join(t, h.id, h.member)
	return h
}

func in(d time.Duration) string {
	return time.Now().Add(d).Truncate(time.Second).UTC().Format(time.RFC3339)
}

func picnic(more object) object {
	body := object{"name": "Picnic", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "the park"},
		"scheduled_start_time": in(time.Hour), "scheduled_end_time": in(2 * time.Hour)}
	for key, value := range more {
		body[key] = value
	}
	return body
}

func (h *hall) types(t *testing.T, after int64) (types []string) {
	for _, e := range h.Events(t, h.id, after) {
		types = append(types, e.Head.Type)
	}
	return types
}

func TestEventLives(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.Seq(t, h.id)
	var e discord.ScheduledEvent
	h.owner.Must(t, http.MethodPost, h.events, picnic(nil), &e)
	if e.Status != discord.EventScheduled || e.EntityMetadata.Location != "the park" || e.Creator.ID != h.owner.ID {
		t.Errorf("made %+v", e)
	}
	one := h.events + "/" + e.ID.String()
	h.member.Must(t, http.MethodPut, one+"/users/@me", nil, nil)
	h.member.Must(t, http.MethodPut, one+"/users/@me", nil, nil) // again: nothing is told
	var list []discord.ScheduledEvent
	h.member.Must(t, http.MethodGet, h.events+"?with_user_count=true", nil, &list)
	if len(list) != 1 || list[0].UserCount == nil || *list[0].UserCount != 1 {
		t.Errorf("list %+v", list)
	}
	var users []discord.EventUser
	h.member.Must(t, http.MethodGet, one+"/users?with_member=true", nil, &users)
	if len(users) != 1 || users[0].UserID != h.member.ID || users[0].Member == nil {
		t.Errorf("users %+v", users)
	}
	h.member.Must(t, http.MethodDelete, one+"/users/@me", nil, nil)
	h.member.Fails(t, http.MethodDelete, one+"/users/@me", nil, discord.ErrUnknownEventUser)
	h.owner.Must(t, http.MethodPatch, one, object{"status": 2}, &e)
	h.owner.Must(t, http.MethodPatch, one, object{"status": 3}, &e)
	h.owner.Fails(t, http.MethodPatch, one, object{"name": "x"}, discord.ErrEventFinished)
	h.owner.Must(t, http.MethodDelete, one, nil, nil)
	h.owner.Fails(t, http.MethodGet, one, nil, discord.ErrUnknownEvent)
	audit := discord.EventAuditLogEntryCreate
	want := []string{discord.EventScheduledEventCreate, audit, discord.EventScheduledEventUserAdd, discord.EventScheduledEventUserRemove,
		discord.EventScheduledEventUpdate, audit, discord.EventScheduledEventUpdate, audit, discord.EventScheduledEventDelete, audit}
	if got := h.types(t, before); !slices.Equal(got, want) {
		t.Errorf("events %q, expected %q", got, want)
	}
}

func TestEventsAreChecked(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var text discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", object{"name": "text"}, &text)
	for name, body := range map[string]object{
		"in the past":        picnic(object{"scheduled_start_time": in(-time.Hour)}),
		"ends first":         picnic(object{"scheduled_end_time": in(time.Minute)}),
		"no place":           picnic(object{"entity_metadata": nil}),
		"no end":             picnic(object{"scheduled_end_time": nil}),
		"no name":            picnic(object{"name": ""}),
		"public":             picnic(object{"privacy_level": 1}),
		"voice in text":      picnic(object{"entity_type": 2, "entity_metadata": nil, "channel_id": text.ID}),
		"voice nowhere":      picnic(object{"entity_type": 2, "entity_metadata": nil}),
		"two weekdays":       picnic(object{"recurrence_rule": object{"start": in(time.Hour), "frequency": 2, "by_weekday": []int{1, 2}}}),
		"three days a month": picnic(object{"recurrence_rule": object{"start": in(time.Hour), "frequency": 0, "by_month": []int{2}, "by_month_day": []int{30}}}),
	} {
		if got := h.owner.Do(t, http.MethodPost, h.events, body); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	outsider := h.User(t)
	outsider.Fails(t, http.MethodPost, h.events, picnic(nil), discord.ErrMissingAccess)
	outsider.Fails(t, http.MethodGet, h.events, nil, discord.ErrMissingAccess)
	h.member.Fails(t, http.MethodPost, h.events, picnic(nil), discord.ErrMissingPermissions)
	var e discord.ScheduledEvent
	h.owner.Must(t, http.MethodPost, h.events, picnic(nil), &e)
	one := h.events + "/" + e.ID.String()
	h.member.Fails(t, http.MethodPatch, one, object{"name": "Mine"}, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodDelete, one, nil, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPatch, one, object{"status": 3}, discord.ErrInvalidForm)
}

func TestEventsInHiddenChannelsAreHidden(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var voice discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", object{"name": "voice", "type": 2,
		"permission_overwrites": []object{{"id": h.id, "type": 0, "deny": "1024"}}}, &voice)
	var e discord.ScheduledEvent
	body := picnic(object{"entity_type": 2, "entity_metadata": nil, "channel_id": voice.ID})
	h.owner.Must(t, http.MethodPost, h.events, body, &e)
	var list []discord.ScheduledEvent
	h.member.Must(t, http.MethodGet, h.events, nil, &list)
	if len(list) != 0 {
		t.Errorf("a member sees %+v", list)
	}
	h.member.Fails(t, http.MethodGet, h.events+"/"+e.ID.String(), nil, discord.ErrUnknownEvent)
	h.member.Fails(t, http.MethodPut, h.events+"/"+e.ID.String()+"/users/@me", nil, discord.ErrUnknownEvent)
	h.owner.Must(t, http.MethodDelete, "/channels/"+voice.ID.String(), nil, nil)
	h.owner.Fails(t, http.MethodGet, h.events+"/"+e.ID.String(), nil, discord.ErrUnknownEvent)
}

func TestEventsAdvance(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	rule := object{"start": start, "frequency": 3}
	var once, daily discord.ScheduledEvent
	h.owner.Must(t, http.MethodPost, h.events, picnic(nil), &once)
	h.owner.Must(t, http.MethodPost, h.events, picnic(object{"recurrence_rule": rule, "scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour)}), &daily)
	path := h.events + "/" + daily.ID.String()
	var x discord.EventException
	h.owner.Fails(t, http.MethodPost, path+"/exceptions", object{"original_scheduled_start_time": start.Add(time.Minute)}, discord.ErrInvalidForm)
	h.owner.Must(t, http.MethodPost, path+"/exceptions", object{"original_scheduled_start_time": start.AddDate(0, 0, 1), "is_canceled": true}, &x)
	h.owner.Fails(t, http.MethodPost, path+"/exceptions", object{"original_scheduled_start_time": start.AddDate(0, 0, 1)}, discord.ErrInvalidForm)

	status := func(e discord.ScheduledEvent) (now discord.ScheduledEvent) {
		h.owner.Must(t, http.MethodGet, h.events+"/"+e.ID.String(), nil, &now)
		return now
	}
	advance := func(d time.Duration) {
		t.Helper()
		if err := scheduledevents.Advance(t.Context(), h.Store, start.Add(d)); err != nil {
			t.Fatal(err)
		}
	}
	advance(-time.Minute)
	if s := status(once).Status; s != discord.EventScheduled {
		t.Errorf("before its time: %d", s)
	}
	advance(time.Minute)
	if s := status(once).Status; s != discord.EventActive {
		t.Errorf("at its time: %d", s)
	}
	advance(2 * time.Hour)
	if s := status(once).Status; s != discord.EventCompleted {
		t.Errorf("after its time: %d", s)
	}
	// The next day's occurrence is canceled.
	if now := status(daily); now.Status != discord.EventScheduled || !now.Start.Equal(start.AddDate(0, 0, 2)) || !now.End.Equal(start.AddDate(0, 0, 2).Add(time.Hour)) {
		t.Errorf("the next occurrence: %+v", now)
	}
	occurrence := path + "/" + snowflake.FromTime(start.AddDate(0, 0, 3)).String() + "/users"
	h.member.Must(t, http.MethodPut, occurrence+"/@me", object{"response": 1}, nil)
	var users []discord.EventUser
	h.owner.Must(t, http.MethodGet, occurrence, nil, &users)
	var counts struct {
		Exceptions map[snowflake.ID]int `json:"guild_scheduled_event_exception_counts"`
	}
	id := snowflake.FromTime(start.AddDate(0, 0, 3))
	h.owner.Must(t, http.MethodGet, path+"/users/counts?guild_scheduled_event_exception_ids="+id.String(), nil, &counts)
	if len(users) != 1 || counts.Exceptions[id] != 1 {
		t.Errorf("users %+v, counts %+v", users, counts)
	}
	exception := path + "/exceptions/" + x.ID.String()
	h.owner.Must(t, http.MethodPatch, exception, object{"is_canceled": false}, &x)
	h.owner.Must(t, http.MethodDelete, exception, nil, nil)
	h.owner.Fails(t, http.MethodDelete, exception, nil, discord.ErrUnknownEvent)
}

// TestExceptionsOfTheNextOccurrence moves, stretches and cancels occurrences one after another, each when it is the next; the
// ones after it are as the rule says.
func TestExceptionsOfTheNextOccurrence(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	on := func(day int, after time.Duration) time.Time { return start.AddDate(0, 0, day).Add(after) }
	var e discord.ScheduledEvent
	h.owner.Must(t, http.MethodPost, h.events, picnic(object{"recurrence_rule": object{"start": start, "frequency": 3},
		"scheduled_start_time": start, "scheduled_end_time": on(0, time.Hour)}), &e)
	path := h.events + "/" + e.ID.String()
	except := func(day int, what object) {
		t.Helper()
		what["original_scheduled_start_time"] = on(day, 0)
		h.owner.Must(t, http.MethodPost, path+"/exceptions", what, nil)
	}
	check := func(at time.Time, status discord.EventStatus, day int) {
		t.Helper()
		if err := scheduledevents.Advance(t.Context(), h.Store, at); err != nil {
			t.Fatal(err)
		}
		h.owner.Must(t, http.MethodGet, path, nil, &e)
		if e.Status != status || !e.Start.Equal(on(day, 0)) || !e.End.Equal(on(day, time.Hour)) {
			t.Errorf("at %s: status %d, %s to %s", at, e.Status, e.Start, e.End)
		}
	}
	h.owner.Fails(t, http.MethodPost, path+"/exceptions", object{"original_scheduled_start_time": start,
		"scheduled_end_time": on(0, -time.Minute)}, discord.ErrInvalidForm)
	except(0, object{"scheduled_end_time": on(0, 3*time.Hour)})
	check(on(0, 0), discord.EventActive, 0)
	check(on(0, 2*time.Hour), discord.EventActive, 0)
	check(on(0, 3*time.Hour), discord.EventScheduled, 1)

	except(1, object{"scheduled_start_time": on(1, 4*time.Hour)})
	check(on(1, 3*time.Hour), discord.EventScheduled, 1)
	check(on(1, 4*time.Hour), discord.EventActive, 1)
	check(on(1, 5*time.Hour), discord.EventScheduled, 2)

	except(2, object{"is_canceled": true})
	check(on(2, -time.Minute), discord.EventScheduled, 2)
	check(on(2, 0), discord.EventScheduled, 3)

	except(3, object{"scheduled_start_time": on(3, -2*time.Hour)})
	check(on(3, -2*time.Hour), discord.EventActive, 3)
	check(on(3, -time.Hour), discord.EventScheduled, 4)
}

func TestEventsMoveOnlyToWhereOneMayHaveThem(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.Exec(t, `update roles set permissions = permissions | $2 where id = $1`, h.id, permissions.CreateEvents)
	var voice discord.Channel
	h.owner.Must(t, http.MethodPost, h.guild+"/channels", object{"name": "voice", "type": 2,
		"permission_overwrites": []object{{"id": h.id, "type": 0, "deny": permissions.CreateEvents}}}, &voice)
	there := object{"entity_type": 2, "entity_metadata": nil, "channel_id": voice.ID}
	h.member.Fails(t, http.MethodPost, h.events, picnic(there), discord.ErrMissingPermissions)
	var e discord.ScheduledEvent
	h.member.Must(t, http.MethodPost, h.events, picnic(nil), &e)
	h.member.Fails(t, http.MethodPatch, h.events+"/"+e.ID.String(), there, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodPatch, h.events+"/"+e.ID.String(), there, nil)
}
