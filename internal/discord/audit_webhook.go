package discord

// What the audit log records of webhooks.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
const (
	AuditWebhookCreate AuditAction = 50
	AuditWebhookUpdate AuditAction = 51
	AuditWebhookDelete AuditAction = 52
)
