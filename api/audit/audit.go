// Package audit makes the audit-log entries of what a request changes, with the reason that its caller gave. They are
// written by store.Tx.Audit, in the transaction of the change itself.
// https://discord.com/developers/docs/resources/audit-log
package audit

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Entry records an action of the caller on the target.
func Entry(c *call.Call, action discord.AuditAction, target snowflake.ID) (discord.AuditEntry, error) {
	reason, err := c.Reason()
	actor, id := c.Caller.UserID, target.String()
	return discord.AuditEntry{ActionType: action, UserID: &actor, TargetID: &id, Reason: reason}, err
}

// Changed is an Entry with the keys that differ between two states of the target; nil: it did not exist before, or does
// not after.
func Changed(c *call.Call, action discord.AuditAction, target snowflake.ID, before, after any, keys ...string) (discord.AuditEntry, error) {
	entry, err := Entry(c, action, target)
	if err != nil {
		return entry, err
	}
	entry.Changes, err = discord.AuditChanges(before, after, keys...)
	return entry, err
}
