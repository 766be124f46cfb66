package discord

// AuditLog is a part of a guild's audit log, with the objects that its entries name.
// https://discord.com/developers/docs/resources/audit-log#audit-log-object
type AuditLog struct {
	Entries         []AuditEntry         `json:"audit_log_entries"`
	Users           []User               `json:"users"`
	Integrations    []PartialIntegration `json:"integrations"`
	Webhooks        []Webhook            `json:"webhooks"`
	ScheduledEvents []ScheduledEvent     `json:"guild_scheduled_events"`
	Threads         []Channel            `json:"threads"`
	Commands        []Command            `json:"application_commands"`
	AutoModRules    []AutoModRule        `json:"auto_moderation_rules"`
}
