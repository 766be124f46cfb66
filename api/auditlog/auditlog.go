// Package auditlog serves the audit log of a guild. Its entries are written by what they record; see package audit.
// https://discord.com/developers/docs/resources/audit-log
package auditlog

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves audit logs.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	return []call.Route{
		{Method: http.MethodGet, Path: "/guilds/:guild_id/audit-logs", Limit: call.Per(10, 10*time.Second), Handle: h.list},
	}
}

const (
	defaultLimit = 50
	maxLimit     = 100
	maxAction    = 1 << 16
)

// list returns entries, newest first, or oldest first after a place.
// https://discord.com/developers/docs/resources/audit-log#get-guild-audit-log
func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	q, err := query(c)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := visit.Need(permissions.ViewAuditLog); err != nil {
		return err
	}
	log, err := h.store.AuditLog(c.Request.Context(), guild, q)
	if err != nil {
		return err
	}
	return c.OK(log)
}

func query(c *call.Call) (q store.AuditQuery, err error) {
	if q.User, _, err = c.QueryID("user_id"); err != nil {
		return q, err
	}
	if q.Target, _, err = c.QueryID("target_id"); err != nil {
		return q, err
	}
	if q.Before, _, err = c.QueryID("before"); err != nil {
		return q, err
	}
	if q.After, _, err = c.QueryID("after"); err != nil {
		return q, err
	}
	action, err := c.QueryInt("action_type", 0, 0, maxAction)
	if err != nil {
		return q, err
	}
	q.Action = discord.AuditAction(action)
	q.Limit, err = c.QueryInt("limit", defaultLimit, 1, maxLimit)
	return q, err
}
