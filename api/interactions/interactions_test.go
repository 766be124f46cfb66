package interactions_test

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/applications"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/commands"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/interactions"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/outgoing"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

type object = map[string]any

// hall is a guild with a bot whose application takes interactions at an endpoint of its own.
type hall struct {
	*apitest.World
	owner, friend, bot *apitest.Client
	id, channel        snowflake.ID
	app                *endpoint
	sender             *outgoing.Sender
	command            discord.Command
}

// endpoint is an application that takes interactions by HTTP.
type endpoint struct {
	t      *testing.T
	key    ed25519.PublicKey
	got    chan discord.Interaction
	answer func(i discord.Interaction) (status int, body any)
	URL    string
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	signature, _ := hex.DecodeString(r.Header.Get("X-Signature-Ed25519"))
	if !ed25519.Verify(e.key, append([]byte(r.Header.Get("X-Signature-Timestamp")), body...), signature) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var i discord.Interaction
	if err := json.Unmarshal(body, &i); err != nil {
		e.t.Error(err)
	}
	status, answer := http.StatusOK, any(object{"type": 1})
	if i.Type != discord.InteractionPing {
		e.got <- i
		status, answer = e.answer(i)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if status != http.StatusAccepted {
		_ = json.NewEncoder(w).Encode(answer)
	}
}

// later says that the application will make the callback.
func later(discord.Interaction) (int, any) { return http.StatusAccepted, nil }

func newHall(t *testing.T) *hall {
	h := &hall{}
	h.World = apitest.New(t, func(w *apitest.World) []call.Route {
		client := fetch.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
		h.sender = outgoing.New(w.Store, client)
		poster := w.Poster.Moderated(automod.NewModerator(w.Store, w.Redis, slog.New(slog.DiscardHandler)))
		own := interactions.New(interactions.Config{
			Store: w.Store, Access: w.Access, Poster: poster, Publisher: w.Publisher, Outgoing: h.sender,
		})
		return slices.Concat(
			applications.New(w.Store, w.Authenticator).Probing(h.sender).Routes(),
			automod.New(w.Access).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			commands.New(w.Store, w.Access, w.Publisher).Routes(),
			messages.New(w.Store, w.Access, poster, w.Redis).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			threads.New(w.Store, w.Access, poster, w.Redis).Routes(),
			own.Routes(),
			webhooks.New(webhooks.Config{Store: w.Store, Access: w.Access, Poster: poster, Fetch: client, Followups: own}).Routes(),
		)
	})
	h.owner, h.friend = h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.id, h.channel = g.ID, *g.SystemChannelID
	h.bot = h.Bot(t, h.owner, 0)
	h.Join(t, h.id, h.friend, h.bot)
	key, err := h.Store.ApplicationKey(t.Context(), h.bot.ApplicationID)
	if err != nil {
		t.Fatal(err)
	}
	h.app = &endpoint{t: t, key: key.Public().(ed25519.PublicKey), got: make(chan discord.Interaction, 10), answer: later}
	server := httptest.NewServer(h.app)
	t.Cleanup(server.Close)
	h.app.URL = server.URL
	h.bot.Must(t, http.MethodPatch, "/applications/@me", object{"interactions_endpoint_url": server.URL}, nil)
	h.bot.Must(t, http.MethodPost, "/applications/"+h.bot.ApplicationID.String()+"/commands", object{
		"name": "greet", "description": "d", "options": []object{
			{"type": 6, "name": "who", "description": "d", "required": true},
			{"type": 3, "name": "how", "description": "d", "autocomplete": true, "max_length": 10},
			{"type": 4, "name": "times", "description": "d", "min_value": 1, "max_value": 3},
		},
	}, &h.command)
	return h
}

// invoke makes an interaction as a user and returns what the application got.
func (h *hall) invoke(t *testing.T, as *apitest.Client, kind int, fields object) discord.Interaction {
	t.Helper()
	as.Must(t, http.MethodPost, "/interactions", h.invocation(kind, fields), nil)
	return <-h.app.got
}

func (h *hall) invocation(kind int, fields object) object {
	body := object{
		"type": kind, "application_id": h.bot.ApplicationID, "guild_id": h.id, "channel_id": h.channel, "session_id": "s", "nonce": "n",
	}
	for key, value := range fields {
		body[key] = value
	}
	return body
}

func (h *hall) greeting(options ...object) object {
	return object{"data": object{"id": h.command.ID, "name": "greet", "type": 1, "version": h.command.Version, "options": options}}
}

func (h *hall) who() object { return object{"type": 6, "name": "who", "value": h.owner.ID} }

func (h *hall) greet(t *testing.T) discord.Interaction {
	t.Helper()
	return h.invoke(t, h.friend, 2, h.greeting(h.who()))
}

func callback(i discord.Interaction) string {
	return "/interactions/" + i.ID.String() + "/" + i.Token + "/callback"
}

func (h *hall) followups(i discord.Interaction) string {
	return "/webhooks/" + h.bot.ApplicationID.String() + "/" + i.Token
}

func TestACommandIsToldAndAnswered(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	i := h.greet(t)
	var data discord.CommandData
	remarshal(t, i.Data, &data)
	if i.Type != discord.InteractionCommand || *i.GuildID != h.id || i.Member == nil || i.Member.User.ID != h.friend.ID ||
		i.Member.Permissions == nil || i.User != nil || *i.Context != discord.ContextGuild || i.Owners["0"] != h.id ||
		i.Entitlements == nil || i.AppPermissions == 0 || i.Locale == "" || i.GuildLocale == "" {
		t.Errorf("%+v", i)
	}
	if data.Name != "greet" || data.Options[0].Value != h.owner.ID.String() || data.Resolved.Users[h.owner.ID].ID != h.owner.ID ||
		data.Resolved.Members[h.owner.ID].JoinedAt.IsZero() {
		t.Errorf("%+v", data)
	}
	seq := h.Seq(t, h.id)
	var result discord.CallbackResult
	h.Anyone().Must(t, http.MethodPost, callback(i)+"?with_response=true", object{"type": 4, "data": object{"content": "hi"}}, &result)
	m := result.Resource.Message
	if m.Content != "hi" || m.Type != discord.MessageChatCommand || *m.WebhookID != h.bot.ApplicationID || m.Author.ID != h.bot.ID ||
		m.InteractionMetadata.User.ID != h.friend.ID || m.Interaction.Name != "greet" || *result.Interaction.ResponseMessage != m.ID {
		t.Errorf("%+v", m)
	}
	if evs := h.Events(t, h.id, seq); len(evs) != 1 || evs[0].Head.Type != discord.EventMessageCreate {
		t.Errorf("%+v", evs)
	}
	var kept discord.Message
	h.owner.Must(t, http.MethodGet, "/channels/"+h.channel.String()+"/messages/"+m.ID.String(), nil, &kept)
	if kept.InteractionMetadata == nil || kept.InteractionMetadata.ID != i.ID || kept.Author.ID != h.bot.ID {
		t.Errorf("%+v", kept)
	}
	h.Anyone().Fails(t, http.MethodPost, callback(i), object{"type": 4, "data": object{"content": "again"}}, discord.ErrAlreadyAnswered)

	path := h.followups(i)
	var original, more discord.Message
	h.Anyone().Must(t, http.MethodGet, path+"/messages/@original", nil, &original)
	h.Anyone().Must(t, http.MethodPatch, path+"/messages/@original", object{"content": "edited"}, &original)
	h.Anyone().Must(t, http.MethodPost, path, object{"content": "more"}, &more)
	if original.ID != m.ID || original.Content != "edited" || more.Content != "more" || *more.InteractionMetadata.OriginalResponseMessage != m.ID {
		t.Errorf("%+v %+v", original, more)
	}
	h.Anyone().Must(t, http.MethodDelete, path+"/messages/"+more.ID.String(), nil, nil)
	h.Anyone().Fails(t, http.MethodGet, path+"/messages/"+more.ID.String(), nil, discord.ErrUnknownMessage)
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(raw, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What an application is told of files is what it may answer with.
func TestTheLimitOfFilesIsTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	if told := h.invoke(t, h.friend, 2, h.greeting(h.who())).AttachmentSizeLimit; told != store.LimitFileSize.Default {
		t.Errorf("by default %d", told)
	}
	const more = 20 << 20
	err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
		return tx.SetLimit(t.Context(), store.LimitFileSize, 0, new(int64(more)), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	if told := h.invoke(t, h.friend, 2, h.greeting(h.who())).AttachmentSizeLimit; told != more {
		t.Errorf("told %d of %d", told, more)
	}
}

func TestAnswersByHTTP(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.app.answer = func(discord.Interaction) (int, any) {
		return http.StatusOK, object{"type": 4, "data": object{"content": "at once"}}
	}
	seq := h.Seq(t, h.id)
	h.greet(t)
	if evs := h.Events(t, h.id, seq); len(evs) != 1 || !strings.Contains(string(evs[0].Data), "at once") {
		t.Errorf("%+v", evs)
	}
	for name, answer := range map[string]func(discord.Interaction) (int, any){
		"an error": func(discord.Interaction) (int, any) { return http.StatusInternalServerError, nil },
		"nonsense": func(discord.Interaction) (int, any) { return http.StatusOK, object{"type": 7} },
		"nothing":  func(discord.Interaction) (int, any) { return http.StatusOK, object{"type": 4, "data": object{}} },
	} {
		h.app.answer = answer
		i := h.greet(t)
		kept, err := h.Store.Interaction(t.Context(), i.ID)
		if err != nil || kept.State != store.InteractionFailed {
			t.Errorf("%s: state %d, %v", name, kept.State, err)
		}
		h.Anyone().Fails(t, http.MethodPost, callback(i), object{"type": 4, "data": object{"content": "late"}}, discord.ErrUnknownInteraction)
	}
}

func TestWhatOneUserSees(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	i := h.greet(t)
	guild, user, bot := h.Seq(t, h.id), h.Seq(t, h.friend.ID), h.Seq(t, h.bot.ID)
	h.Anyone().Must(t, http.MethodPost, callback(i), object{"type": 5, "data": object{"flags": 64}}, nil)
	path := h.followups(i)
	var m discord.Message
	h.Anyone().Must(t, http.MethodGet, path+"/messages/@original", nil, &m)
	if m.Flags != discord.MessageFlagEphemeral|discord.MessageFlagLoading {
		t.Errorf("flags %d", m.Flags)
	}
	h.Anyone().Must(t, http.MethodPost, path, object{"content": "secret"}, &m) // what was promised
	if m.Flags != discord.MessageFlagEphemeral || m.Content != "secret" {
		t.Errorf("%+v", m)
	}
	h.Anyone().Must(t, http.MethodPatch, path+"/messages/@original", object{"content": "other"}, &m)
	if h.Seq(t, h.id) != guild || len(h.Events(t, h.friend.ID, user)) != 3 || len(h.Events(t, h.bot.ID, bot)) != 3 {
		t.Error("told to others than the user and the bot")
	}
	h.friend.Fails(t, http.MethodGet, "/channels/"+h.channel.String()+"/messages/"+m.ID.String(), nil, discord.ErrUnknownMessage)
	h.Anyone().Must(t, http.MethodDelete, path+"/messages/@original", nil, nil)
	h.Anyone().Fails(t, http.MethodGet, path+"/messages/@original", nil, discord.ErrUnknownMessage)
}

// From a command to a component to a modal and back to the message.
func TestComponentsAndModals(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	i := h.greet(t)
	row := func(c object) object { return object{"type": 1, "components": []object{c}} }
	var result discord.CallbackResult
	h.Anyone().Must(t, http.MethodPost, callback(i)+"?with_response=1", object{"type": 4, "data": object{"content": "choose", "components": []object{
		row(object{"type": 2, "style": 1, "label": "ask", "custom_id": "ask"}),
		row(object{"type": 2, "style": 1, "label": "off", "custom_id": "off", "disabled": true}),
		row(object{"type": 3, "custom_id": "pick", "options": []object{{"label": "a", "value": "a"}, {"label": "b", "value": "b"}}}),
		row(object{"type": 5, "custom_id": "user"}),
	}}}, &result)
	m := result.Resource.Message
	act := func(kind int, id string, values ...string) object {
		return object{"message_id": m.ID, "data": object{"component_type": kind, "custom_id": id, "values": values}}
	}
	for name, body := range map[string]object{
		"disabled": act(2, "off"), "not there": act(2, "none"), "other kind": act(3, "ask"), "not offered": act(3, "pick", "c"),
		"too many": act(3, "pick", "a", "b"), "nobody": act(5, "user", "1"), "no id": act(5, "user", "x"),
	} {
		if answer := h.friend.Do(t, http.MethodPost, "/interactions", h.invocation(3, body)); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	picked := h.invoke(t, h.friend, 3, act(3, "pick", "b"))
	var data discord.ComponentData
	remarshal(t, picked.Data, &data)
	if data.CustomID != "pick" || !slices.Equal(data.Values, []string{"b"}) || picked.Message.ID != m.ID {
		t.Errorf("%+v", picked)
	}
	h.Anyone().Must(t, http.MethodPost, callback(picked), object{"type": 7, "data": object{"content": "picked b"}}, nil)
	user := h.invoke(t, h.friend, 3, act(5, "user", h.owner.ID.String()))
	remarshal(t, user.Data, &data)
	if data.Resolved.Users[h.owner.ID].ID != h.owner.ID {
		t.Errorf("%+v", data)
	}
	h.Anyone().Must(t, http.MethodPost, callback(user), object{"type": 6}, nil)

	asked := h.invoke(t, h.friend, 3, act(2, "ask"))
	modal := object{"type": 9, "data": object{"custom_id": "m", "title": "T", "components": []object{
		{"type": 18, "label": "Why", "component": object{"type": 4, "style": 1, "custom_id": "why", "min_length": 2}},
	}}}
	h.Anyone().Must(t, http.MethodPost, callback(asked), modal, nil)
	submit := func(text string) object {
		return object{"data": object{"id": asked.ID, "custom_id": "m", "components": []object{
			{"type": 18, "component": object{"type": 4, "custom_id": "why", "value": text}},
		}}}
	}
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(5, submit("x")), discord.ErrInvalidForm)
	h.owner.Fails(t, http.MethodPost, "/interactions", h.invocation(5, submit("because")), discord.ErrUnknownInteraction)
	submitted := h.invoke(t, h.friend, 5, submit("because"))
	if raw, _ := json.Marshal(submitted.Data); !strings.Contains(string(raw), `"value":"because"`) || submitted.Message.ID != m.ID {
		t.Errorf("%+v", submitted)
	}
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(5, submit("because")), discord.ErrUnknownInteraction)
	h.Anyone().Fails(t, http.MethodPost, callback(submitted), modal, discord.ErrInvalidForm)
	h.Anyone().Must(t, http.MethodPost, callback(submitted), object{"type": 7, "data": object{"content": "because"}}, nil)
	var kept discord.Message
	h.owner.Must(t, http.MethodGet, "/channels/"+h.channel.String()+"/messages/"+m.ID.String(), nil, &kept)
	if kept.Content != "because" {
		t.Errorf("%+v", kept)
	}
}

func TestWhatIsTypedIsCompleted(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	typing := h.greeting(object{"type": 3, "name": "how", "value": "wa", "focused": true})
	i := h.invoke(t, h.friend, 4, typing)
	var data discord.CommandData
	remarshal(t, i.Data, &data)
	if i.Type != discord.InteractionAutocomplete || !data.Options[0].Focused || data.Options[0].Value != "wa" {
		t.Errorf("%+v", i)
	}
	choices := func(value any) object {
		return object{"type": 8, "data": object{"choices": []object{{"name": "warmly", "value": value}}}}
	}
	h.Anyone().Fails(t, http.MethodPost, callback(i), object{"type": 4, "data": object{"content": "x"}}, discord.ErrInvalidForm)
	h.Anyone().Fails(t, http.MethodPost, callback(i), choices(5), discord.ErrInvalidForm)
	h.Anyone().Must(t, http.MethodPost, callback(i), choices("warmly"), nil)
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(4, h.greeting(h.who())), discord.ErrInvalidForm)
}

func TestWhoMayInvokeWhat(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for name, options := range map[string][]object{
		"none": {}, "unknown": {h.who(), {"type": 3, "name": "x", "value": "x"}}, "twice": {h.who(), h.who()},
		"long": {h.who(), {"type": 3, "name": "how", "value": "12345678901"}}, "large": {h.who(), {"type": 4, "name": "times", "value": 4}},
		"broken": {h.who(), {"type": 4, "name": "times", "value": 1.5}}, "nobody": {{"type": 6, "name": "who", "value": "1"}},
	} {
		answer := h.friend.Do(t, http.MethodPost, "/interactions", h.invocation(2, h.greeting(options...)))
		if answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	good := h.invocation(2, h.greeting(h.who()))
	h.User(t).Fails(t, http.MethodPost, "/interactions", good, discord.ErrMissingAccess)
	h.bot.Fails(t, http.MethodPost, "/interactions", good, discord.ErrBotsForbidden)
	h.Anyone().Fails(t, http.MethodPost, "/interactions", good, discord.ErrUnauthorized)
	other := h.Bot(t, h.owner, 0)
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(2, object{"application_id": other.ApplicationID, "data": object{"id": "1"}}), discord.ErrUnknownApplication)
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(2, object{"data": object{"id": "1"}}), discord.ErrUnknownCommand)

	path := "/applications/" + h.bot.ApplicationID.String() + "/commands/" + h.command.ID.String()
	h.bot.Must(t, http.MethodPatch, path, object{"default_member_permissions": "4"}, &h.command)
	h.friend.Fails(t, http.MethodPost, "/interactions", good, discord.ErrInvalidForm) // of an old version
	h.friend.Fails(t, http.MethodPost, "/interactions", h.invocation(2, h.greeting(h.who())), discord.ErrMissingPermissions)
	h.invoke(t, h.owner, 2, h.greeting(h.who()))
}

func TestTokens(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	a, b := h.greet(t), h.greet(t)
	body := object{"type": 4, "data": object{"content": "x"}}
	forged := a
	forged.Token = b.Token
	h.Anyone().Fails(t, http.MethodPost, callback(forged), body, discord.ErrUnknownInteraction)
	forged.Token = a.Token[:len(a.Token)-1] + "_"
	h.Anyone().Fails(t, http.MethodPost, callback(forged), body, discord.ErrUnknownInteraction)
	h.Anyone().Fails(t, http.MethodPost, h.followups(a), object{"content": "x"}, discord.ErrUnknownWebhook) // not answered yet
	h.Anyone().Must(t, http.MethodPost, callback(a), body, nil)
	h.Anyone().Fails(t, http.MethodPost, h.followups(forged), object{"content": "x"}, discord.ErrWebhookToken)
	h.Anyone().Fails(t, http.MethodPost, "/webhooks/"+h.id.String()+"/"+a.Token, object{"content": "x"}, discord.ErrWebhookToken)
	h.Anyone().Must(t, http.MethodPost, callback(b), object{"type": 5}, nil)
	h.Anyone().Fails(t, http.MethodPost, h.followups(b), object{}, discord.ErrEmptyMessage)
}

func TestEndpointsAreProbed(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for name, handler := range map[string]http.HandlerFunc{
		"never refuses": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"type":1}`) },
		"never accepts": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
	} {
		server := httptest.NewServer(handler)
		answer := h.bot.Do(t, http.MethodPatch, "/applications/@me", object{"interactions_endpoint_url": server.URL})
		server.Close()
		if answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	var app discord.Application
	h.bot.Must(t, http.MethodGet, "/applications/@me", nil, &app)
	if app.InteractionsEndpointURL == nil || *app.InteractionsEndpointURL != h.app.URL {
		t.Errorf("%+v", app)
	}
	h.bot.Must(t, http.MethodPatch, "/applications/@me", object{"interactions_endpoint_url": nil}, &app)
	if app.InteractionsEndpointURL != nil {
		t.Errorf("%+v", app)
	}
}

// Without an endpoint the bot gets the interaction at the gateway, as an event that nobody else sees and that is not kept.
func TestInteractionsGoToTheBotsLog(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.bot.Must(t, http.MethodPatch, "/applications/@me", object{"interactions_endpoint_url": nil}, nil)
	feed := h.Redis.SSubscribe(t.Context(), "log:{"+h.bot.ID.String()+"}")
	defer func() { _ = feed.Close() }()
	if _, err := feed.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.friend.Must(t, http.MethodPost, "/interactions", h.invocation(2, h.greeting(h.who())), nil)
	message := <-feed.Channel()
	_, body, _ := strings.Cut(message.Payload, " ")
	e, err := events.Decode(h.bot.ID, 0, []byte(body))
	var i discord.Interaction
	if err == nil {
		err = json.Unmarshal(e.Data, &i)
	}
	if err != nil || e.Head.Type != discord.EventInteractionCreate || e.Head.Guild != h.id || i.Token == "" {
		t.Fatalf("%+v, %v", e, err)
	}
	h.bot.Must(t, http.MethodPost, callback(i), object{"type": 4, "data": object{"content": "x"}}, nil)
}

func TestEventsAreDelivered(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	taken := make(chan discord.WebhookEventPayload, 10)
	status := http.StatusNoContent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got discord.WebhookEventPayload
		_ = json.NewDecoder(r.Body).Decode(&got)
		taken <- got
		w.WriteHeader(status)
	}))
	defer server.Close()
	queue := outgoing.NewQueue(h.sender, h.Store, slog.New(slog.NewTextHandler(t.Output(), nil)))
	put := func() {
		t.Helper()
		err := h.Store.Change(t.Context(), func(tx *store.Tx) error {
			return tx.QueueEvent(t.Context(), h.bot.ApplicationID, discord.WebhookApplicationDeauthorized,
				discord.ApplicationDeauthorizedData{User: discord.User{ID: h.friend.ID}})
		})
		if err == nil {
			err = queue.Step(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	put() // not asked for
	h.Exec(t, `update applications set event_webhooks_url = $2, event_webhooks_status = 2,
		event_webhooks_types = '{APPLICATION_DEAUTHORIZED}' where id = $1`, h.bot.ApplicationID, server.URL)
	put()
	if got := <-taken; got.Type != discord.WebhookEvent || got.Event.Type != discord.WebhookApplicationDeauthorized || got.ApplicationID != h.bot.ApplicationID {
		t.Errorf("%+v", got)
	}
	status = http.StatusInternalServerError
	put()
	for range 7 {
		h.Exec(t, `update deliveries set due = now()`)
		if err := queue.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if facts, err := h.Store.Measure(t.Context()); err != nil || facts.Deliveries != 0 || facts.DeadDeliveries != 1 || len(taken) != 8 {
		t.Errorf("%+v after %d attempts: %v", facts, len(taken), err)
	}
	h.Exec(t, `insert into deliveries (id, application_id, body, dead) select n, $1, '', true from generate_series(1, 9) n`, h.bot.ApplicationID)
	put()
	h.Exec(t, `update deliveries set due = now(), attempts = 7 where not dead`)
	if err := queue.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	var now int
	if err := h.Query(t, `select event_webhooks_status from applications where id = $1`, h.bot.ApplicationID).Scan(&now); err != nil || now != 3 {
		t.Errorf("status %d after ten dead letters: %v", now, err)
	}
}
