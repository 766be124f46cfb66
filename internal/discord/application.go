package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Application owns a bot.
// https://discord.com/developers/docs/resources/application#application-object
type Application struct {
	ID                                snowflake.ID `json:"id"`
	Name                              string       `json:"name"`
	Icon                              *string      `json:"icon"`
	Description                       string       `json:"description"`
	Type                              *int         `json:"type"`
	Bot                               *User        `json:"bot,omitempty"`
	BotPublic                         bool         `json:"bot_public"`
	BotRequireCodeGrant               bool         `json:"bot_require_code_grant"`
	VerifyKey                         string       `json:"verify_key"` // hex Ed25519 public key
	Flags                             int64        `json:"flags"`
	FlagsNew                          string       `json:"flags_new"`
	Tags                              []string     `json:"tags"`
	RedirectURIs                      []string     `json:"redirect_uris"`
	InteractionsEndpointURL           *string      `json:"interactions_endpoint_url"`
	RoleConnectionsVerificationURL    *string      `json:"role_connections_verification_url"`
	Owner                             User         `json:"owner"`
	ApproximateGuildCount             int          `json:"approximate_guild_count"`
	ApproximateUserInstallCount       int          `json:"approximate_user_install_count"`
	ApproximateUserAuthorizationCount int          `json:"approximate_user_authorization_count"`
	ExplicitContentFilter             int          `json:"explicit_content_filter"`
	Team                              *struct{}    `json:"team"`
	EligibleOAuth2Scopes              []string     `json:"eligible_oauth2_scopes"`
}

// ReadyApplication is the application in a bot's READY.
type ReadyApplication struct {
	ID    snowflake.ID `json:"id"`
	Flags int64        `json:"flags"`
}
