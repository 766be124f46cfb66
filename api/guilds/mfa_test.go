package guilds_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// setMFA gives a user a second factor, or takes it away, and tells everybody.
func setMFA(t *testing.T, w *apitest.World, user snowflake.ID, on bool) {
	t.Helper()
	var raised []store.AccountEpoch
	err := w.Store.Change(t.Context(), func(tx *store.Tx) (err error) {
		if on {
			raised, err = tx.EnableMFA(t.Context(), user, []byte("sealed"), 1, nil)
		} else {
			raised, err = tx.DisableMFA(t.Context(), user)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range raised {
		w.Authenticator.Changed(t.Context(), r.User, r.Epoch)
	}
}

func TestAGuildMayAskModeratorsForASecondFactor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, moderator, member := w.User(t), w.User(t), w.User(t)
	bot := w.Bot(t, moderator, 0)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	w.Join(t, g.ID, moderator, member, bot)
	role := w.Store.NewID()
	w.Exec(t, `insert into roles (id, guild_id, name, permissions, position) values ($1, $2, 'all', 8, 1)`, role, g.ID)
	w.Exec(t, `update members set roles = array[$2::bigint] where guild_id = $1 and user_id = any($3)`,
		g.ID, role, []snowflake.ID{moderator.ID, bot.ID})
	path, level := "/guilds/"+g.ID.String(), map[string]any{"level": 1}
	rename := map[string]any{"name": "House"}
	moderator.Must(t, http.MethodPatch, path, rename, nil)

	owner.Fails(t, http.MethodPost, path+"/mfa", level, discord.ErrNeedsMFA)
	setMFA(t, w, owner.ID, true)
	owner.Must(t, http.MethodPost, path+"/mfa", level, nil)
	owner.Must(t, http.MethodPatch, path, rename, nil)
	moderator.Fails(t, http.MethodPatch, path, rename, discord.ErrNeedsMFA)
	bot.Fails(t, http.MethodPatch, path, rename, discord.ErrNeedsMFA)
	member.Must(t, http.MethodGet, path+"/channels", nil, nil) // what is no moderation goes on
	moderator.Must(t, http.MethodGet, path+"/channels", nil, nil)

	setMFA(t, w, moderator.ID, true)
	moderator.Must(t, http.MethodPatch, path, rename, nil)
	bot.Must(t, http.MethodPatch, path, rename, nil)
	setMFA(t, w, moderator.ID, false)
	bot.Fails(t, http.MethodPatch, path, rename, discord.ErrNeedsMFA)
}
