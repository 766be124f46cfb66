package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Integration is an application that was added to a guild.
// https://discord.com/developers/docs/resources/guild#integration-object
type Integration struct {
	ID          snowflake.ID           `json:"id"`
	Type        string                 `json:"type"` // "discord": a bot
	Name        string                 `json:"name"`
	Account     IntegrationAccount     `json:"account"`
	Enabled     bool                   `json:"enabled"`
	Application IntegrationApplication `json:"application"`
	Scopes      []string               `json:"scopes"`
	User        *User                  `json:"user,omitempty"` // who added it
}

// IntegrationAccount is whom an integration stands for: a bot's application.
type IntegrationAccount struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// IntegrationApplication is the application as an integration shows it.
type IntegrationApplication struct {
	ID          snowflake.ID `json:"id"`
	Name        string       `json:"name"`
	Icon        *string      `json:"icon"`
	Description string       `json:"description"`
	Type        *int         `json:"type"`
	Bot         *User        `json:"bot,omitempty"`
}

// IntegrationEvent is the payload of INTEGRATION_CREATE and INTEGRATION_UPDATE.
type IntegrationEvent struct {
	Integration
	GuildID snowflake.ID `json:"guild_id"`
}

// IntegrationDeleteEvent is the payload of INTEGRATION_DELETE.
type IntegrationDeleteEvent struct {
	ID            snowflake.ID `json:"id"`
	GuildID       snowflake.ID `json:"guild_id"`
	ApplicationID snowflake.ID `json:"application_id"`
}

// IntegrationsUpdateEvent is the payload of GUILD_INTEGRATIONS_UPDATE.
type IntegrationsUpdateEvent struct {
	GuildID snowflake.ID `json:"guild_id"`
}

// PartialIntegration is an integration as the audit log shows it.
type PartialIntegration struct {
	ID            snowflake.ID       `json:"id"`
	Type          string             `json:"type"`
	Name          string             `json:"name"`
	Account       IntegrationAccount `json:"account"`
	ApplicationID snowflake.ID       `json:"application_id"`
}
