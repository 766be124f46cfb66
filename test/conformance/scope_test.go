package conformance_test

import "strings"

// outside are the parts of Discord's description that the platform doesn't promise, by a piece of the path, and why. All
// else is in scope, so that an operation that is new in the description is until somebody decides otherwise.
var outside = []struct{ piece, why string }{
	{"/activity-instances/", "embedded activities"},
	{"/applications/{application_id}/attachment", "embedded activities"},
	{"/entitlements", "monetization"},
	{"/skus/", "monetization"},
	{"/lobbies", "Discord's social SDK"},
	{"/partner-sdk/", "Discord's social SDK"},
	{"soundboard", "voice, see [ADR 7](adr/0007-voice.md)"},
	{"/stage-instances", "voice, see [ADR 7](adr/0007-voice.md)"},
	{"/voice-stat", "voice, see [ADR 7](adr/0007-voice.md)"},
	{"/regions", "voice, see [ADR 7](adr/0007-voice.md)"},
}

// outOfScope tells why an operation is out of scope; "" if it is in.
func outOfScope(operation string) string {
	_, path, _ := strings.Cut(operation, " ")
	for _, part := range outside {
		if strings.Contains(path, part.piece) {
			return part.why
		}
	}
	return ""
}

// outsideModels are object schemas inside what is in scope of which the platform never makes any, as they are of what is not.
var outsideModels = map[string]string{
	"ActivityInstanceCallbackResponse":             "embedded activities",
	"LaunchActivityInteractionCallbackResponse":    "embedded activities",
	"MessageActivityResponse":                      "rich presence",
	"BasicApplicationResponseWithBot":              "rich presence",
	"MessageCallResponse":                          "voice",
	"MessageLobbyMemberResponse":                   "Discord's social SDK",
	"GuildProductPurchaseResponse":                 "monetization",
	"PurchaseNotificationResponse":                 "monetization",
	"MessageRoleSubscriptionDataResponse":          "monetization",
	"GuildSubscriptionIntegrationResponse":         "monetization",
	"PartialGuildSubscriptionIntegrationResponse":  "monetization",
	"UserAvatarDecorationResponse":                 "monetization",
	"UserCollectiblesResponse":                     "monetization",
	"UserNameplateResponse":                        "monetization",
	"UserPrimaryGuildResponse":                     "monetization: tags of boosted guilds",
	"MessageMentionChannelResponse":                "discovery: of guilds that one may look into before joining",
	"GuildLivelinessResponse":                      "discovery",
	"ConnectedAccountResponse":                     "accounts of other services",
	"ConnectedAccountIntegrationResponse":          "accounts of other services",
	"ConnectedAccountGuildResponse":                "accounts of other services",
	"ExternalConnectionIntegrationResponse":        "accounts of other services",
	"PartialExternalConnectionIntegrationResponse": "accounts of other services",
	"EntityMetadataStageInstanceResponse":          "voice",
	"EntityMetadataVoiceResponse":                  "voice",
	"StageScheduledEventResponse":                  "voice: stages",
}
