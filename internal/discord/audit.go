package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/snowflake"
)

// AuditAction is what an audit-log entry records.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
type AuditAction int

// Audit-log events in scope of what writes them so far.
const (
	AuditGuildUpdate        AuditAction = 1
	AuditChannelCreate      AuditAction = 10
	AuditChannelUpdate      AuditAction = 11
	AuditChannelDelete      AuditAction = 12
	AuditOverwriteCreate    AuditAction = 13
	AuditOverwriteUpdate    AuditAction = 14
	AuditOverwriteDelete    AuditAction = 15
	AuditMemberKick         AuditAction = 20
	AuditMemberUpdate       AuditAction = 24
	AuditMemberRoleUpdate   AuditAction = 25
	AuditBotAdd             AuditAction = 28
	AuditRoleCreate         AuditAction = 30
	AuditRoleUpdate         AuditAction = 31
	AuditRoleDelete         AuditAction = 32
	AuditInviteCreate       AuditAction = 40
	AuditInviteDelete       AuditAction = 42
	AuditMessageDelete      AuditAction = 72
	AuditMessageBulkDelete  AuditAction = 73
	AuditCommandPermissions AuditAction = 121
)

// AuditEntry is an entry of the audit log; with GuildID it is the payload of GUILD_AUDIT_LOG_ENTRY_CREATE.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object
type AuditEntry struct {
	ID         snowflake.ID      `json:"id"`
	GuildID    *snowflake.ID     `json:"guild_id,omitempty"`
	TargetID   *string           `json:"target_id"`
	UserID     *snowflake.ID     `json:"user_id"`
	ActionType AuditAction       `json:"action_type"`
	Changes    []AuditChange     `json:"changes,omitempty"`
	Options    map[string]string `json:"options,omitempty"`
	Reason     *string           `json:"reason,omitempty"`
}

// AuditChange is one changed key; a value that is absent was, or is now, not set.
type AuditChange struct {
	Key string          `json:"key"`
	New json.RawMessage `json:"new_value,omitempty"`
	Old json.RawMessage `json:"old_value,omitempty"`
}
