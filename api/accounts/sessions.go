package accounts

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxListed is how many logins an account can have.
const maxListed = 100

// session is a login as its user sees it: by the hash of its id.
type session struct {
	Hash   string     `json:"id_hash"`
	Used   string     `json:"approx_last_used_time"`
	Client clientInfo `json:"client_info"`
}

type clientInfo struct {
	OS       *string `json:"os"`
	Platform *string `json:"platform"`
	Location *string `json:"location"` // not looked up
}

func hashOf(login snowflake.ID) string {
	return base64.StdEncoding.EncodeToString(auth.HashOpaque("login " + login.String()))
}

// sessions lists the caller's logins. https://docs.discord.food/authentication
func (h *Handlers) sessions(c *call.Call) error {
	logins, err := h.Store.Logins(c.Request.Context(), c.Caller.UserID, maxListed)
	if err != nil {
		return err
	}
	list := make([]session, 0, len(logins))
	for _, l := range logins {
		os, platform := client(l.UserAgent)
		list = append(list, session{hashOf(l.Session), l.LastUsed.UTC().Truncate(time.Hour).Format(time.RFC3339), clientInfo{OS: os, Platform: platform}})
	}
	return c.OK(struct {
		Sessions []session `json:"user_sessions"`
	}{list})
}

// endSessions ends those of the caller's logins whose hashes are given.
func (h *Handlers) endSessions(c *call.Call) error {
	var body struct {
		Hashes   []string `json:"session_id_hashes"`
		Password string   `json:"password"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	if len(body.Hashes) == 0 {
		p.Required("session_id_hashes")
	}
	p.Max("session_id_hashes", len(body.Hashes), maxListed)
	if err := p.Err(); err != nil {
		return err
	}
	if err := h.checkPassword(c, body.Password); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	logins, err := h.Store.Logins(ctx, user, maxListed)
	if err != nil {
		return err
	}
	var ended []snowflake.ID
	for _, l := range logins {
		if slices.Contains(body.Hashes, hashOf(l.Session)) {
			ended = append(ended, l.Session)
		}
	}
	if len(ended) == 0 {
		return discord.ErrUnknownSession
	}
	var epoch int64
	err = h.Store.Change(ctx, func(tx *store.Tx) (err error) {
		epoch, err = tx.EndLogins(ctx, user, ended)
		return err
	})
	if err != nil {
		return err
	}
	h.Authenticator.Changed(ctx, user, epoch)
	return c.Done()
}

// systems and browsers are looked for in this order: later ones call themselves the earlier, too.
var (
	systems  = []string{"Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"}
	browsers = []string{"Edg", "OPR", "Firefox", "Chrome", "Safari"}
)

// client guesses from a client's name what it runs on.
func client(userAgent string) (os, platform *string) {
	find := func(names []string) *string {
		for _, name := range names {
			if strings.Contains(userAgent, name) {
				return &name
			}
		}
		return nil
	}
	return find(systems), find(browsers)
}
