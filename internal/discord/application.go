package discord

import (
	"strconv"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// PublicApplication is what everybody may know of an application.
// https://discord.com/developers/docs/resources/application#application-object
type PublicApplication struct {
	ID                     snowflake.ID                  `json:"id"`
	Name                   string                        `json:"name"`
	Icon                   *string                       `json:"icon"`
	Description            string                        `json:"description"`
	Type                   *int                          `json:"type"`
	CoverImage             *string                       `json:"cover_image,omitempty"`
	Bot                    *User                         `json:"bot,omitempty"`
	BotPublic              bool                          `json:"bot_public"`
	BotRequireCodeGrant    bool                          `json:"bot_require_code_grant"`
	TermsOfServiceURL      *string                       `json:"terms_of_service_url,omitempty"`
	PrivacyPolicyURL       *string                       `json:"privacy_policy_url,omitempty"`
	CustomInstallURL       *string                       `json:"custom_install_url,omitempty"`
	InstallParams          *InstallParams                `json:"install_params,omitempty"`
	IntegrationTypesConfig map[string]IntegrationInstall `json:"integration_types_config"` // by integration type
	VerifyKey              string                        `json:"verify_key"`               // hex Ed25519 public key
	Flags                  int64                         `json:"flags"`
	FlagsNew               string                        `json:"flags_new"`
	MaxParticipants        *int                          `json:"max_participants,omitempty"`
	Tags                   []string                      `json:"tags"`
}

// Application is an application as its owner and its bot see it.
type Application struct {
	PublicApplication
	RedirectURIs                      []string `json:"redirect_uris"`
	InteractionsEndpointURL           *string  `json:"interactions_endpoint_url"`
	RoleConnectionsVerificationURL    *string  `json:"role_connections_verification_url"`
	Owner                             User     `json:"owner"`
	ApproximateGuildCount             int      `json:"approximate_guild_count"`
	ApproximateUserInstallCount       int      `json:"approximate_user_install_count"`
	ApproximateUserAuthorizationCount int      `json:"approximate_user_authorization_count"`
	EventWebhooksURL                  *string  `json:"event_webhooks_url"`
	EventWebhooksStatus               int      `json:"event_webhooks_status"`
	EventWebhooksTypes                []string `json:"event_webhooks_types"`
	ExplicitContentFilter             int      `json:"explicit_content_filter"`
	// Team is always null: an application is one user's.
	Team                 *struct{} `json:"team"`
	EligibleOAuth2Scopes []string  `json:"eligible_oauth2_scopes"`
	// HasSecret says that the application was given a client secret, so that it has to prove itself by it.
	HasSecret bool `json:"-"`
}

// Installs reports whether the application can be added so: 0 to a guild, 1 to a user.
// https://discord.com/developers/docs/resources/application#application-object-application-integration-types
func (a PublicApplication) Installs(integrationType int) bool {
	_, can := a.IntegrationTypesConfig[strconv.Itoa(integrationType)]
	return can
}

// InstallParams is what an application asks for when it is added.
// https://discord.com/developers/docs/resources/application#install-params-object
type InstallParams struct {
	Scopes      []string        `json:"scopes"`
	Permissions permissions.Set `json:"permissions"`
}

// IntegrationInstall is how an application is added to a guild or to a user.
// https://discord.com/developers/docs/resources/application#application-object-application-integration-type-configuration-object
type IntegrationInstall struct {
	OAuth2InstallParams *InstallParams `json:"oauth2_install_params,omitempty"`
}

// Event webhook statuses.
// https://discord.com/developers/docs/resources/application#application-object-application-event-webhook-status
const (
	EventWebhooksDisabled = 1
	EventWebhooksEnabled  = 2
	EventWebhooksEnded    = 3 // by the platform: the application did not take them
)

// ReadyApplication is the application in a bot's READY.
type ReadyApplication struct {
	ID    snowflake.ID `json:"id"`
	Flags int64        `json:"flags"`
}
