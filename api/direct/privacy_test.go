package direct_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/internal/discord"
)

func TestWhoMayWriteToWhom(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(direct.New(w.Store, w.Access, w.Keys).Routes(), guilds.New(w.Store, w.Access, w.Presences).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes())
	})
	a, b := w.User(t), w.User(t)
	send := "/channels/" + open(t, a, b).ID.String() + "/messages"
	say := object{"content": "hello"}
	a.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM) // a stranger

	var g discord.Guild
	a.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	w.Join(t, g.ID, b)
	a.Must(t, http.MethodPost, send, say, nil)
	w.Exec(t, `insert into user_settings (user_id, settings) values ($1, jsonb_build_object('restricted_guilds', array[$2::text]))`,
		b.ID, g.ID.String())
	a.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
	b.Must(t, http.MethodPost, send, say, nil) // a restricts nothing
	w.Exec(t, `delete from user_settings`)

	incidents := "/guilds/" + g.ID.String() + "/incident-actions"
	a.Must(t, http.MethodPut, incidents, object{"dms_disabled_until": time.Now().Add(time.Hour)}, nil)
	a.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
	b.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
	var open discord.Guild
	b.Must(t, http.MethodPost, "/guilds", object{"name": "Yard"}, &open)
	w.Join(t, open.ID, a)
	a.Must(t, http.MethodPost, send, say, nil) // another guild that they have in common stops nothing
	b.Must(t, http.MethodDelete, "/guilds/"+open.ID.String(), nil, nil)
	b.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)

	friends(t, w, a, b)
	a.Must(t, http.MethodPost, send, say, nil)
	w.Exec(t, `delete from relationships`)
	a.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
	a.Must(t, http.MethodPut, incidents, object{"dms_disabled_until": nil}, nil)
	a.Must(t, http.MethodPost, send, say, nil)
	w.Exec(t, `insert into relationships (user_id, other_id, type) values ($1, $2, 2)`, b.ID, a.ID)
	a.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
	b.Fails(t, http.MethodPost, send, say, discord.ErrCannotDM)
}
