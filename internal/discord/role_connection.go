package discord

// RoleConnectionMetadata is something that an application can say of a user, for roles to ask for.
// https://discord.com/developers/docs/resources/application-role-connection-metadata
type RoleConnectionMetadata struct {
	Type                     int               `json:"type"`
	Key                      string            `json:"key"`
	Name                     string            `json:"name"`
	NameLocalizations        map[string]string `json:"name_localizations,omitempty"`
	Description              string            `json:"description"`
	DescriptionLocalizations map[string]string `json:"description_localizations,omitempty"`
}

// Kinds of values by RoleConnectionMetadata.Type: two comparisons each way of integers, then of times, then of booleans.
const (
	MetadataIntegerFirst  = 1
	MetadataDatetimeFirst = 5
	MetadataBooleanFirst  = 7
	MetadataLast          = 8
)

// RoleConnection is what an application says of a user.
// https://discord.com/developers/docs/resources/user#application-role-connection-object
type RoleConnection struct {
	PlatformName     string            `json:"platform_name,omitempty"`
	PlatformUsername *string           `json:"platform_username"`
	Metadata         map[string]string `json:"metadata"`
}
