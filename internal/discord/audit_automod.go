package discord

// Audit-log events of auto-moderation.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
const (
	AuditAutoModCreate     AuditAction = 140
	AuditAutoModUpdate     AuditAction = 141
	AuditAutoModDelete     AuditAction = 142
	AuditAutoModBlock      AuditAction = 143
	AuditAutoModAlert      AuditAction = 144
	AuditAutoModTimeOut    AuditAction = 145
	AuditAutoModQuarantine AuditAction = 146
)
