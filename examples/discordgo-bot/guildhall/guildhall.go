// Package guildhall points discordgo at a Guildhall platform. The library keeps its addresses in package variables, most
// of them computed from others when the program starts; Use computes all of them again.
package guildhall

import (
	"strings"

	dg "github.com/bwmarrin/discordgo"
)

// Use makes every discordgo session of the program talk to the platform at base, such as http://127.0.0.1:8080. Call it
// before the first session is made.
func Use(base string) {
	dg.EndpointDiscord = strings.TrimRight(base, "/") + "/"

	dg.EndpointAPI = dg.EndpointDiscord + "api/v" + dg.APIVersion + "/"
	dg.EndpointGuilds = dg.EndpointAPI + "guilds/"
	dg.EndpointGuildCreate = dg.EndpointAPI + "guilds"
	dg.EndpointChannels = dg.EndpointAPI + "channels/"
	dg.EndpointUsers = dg.EndpointAPI + "users/"
	dg.EndpointGateway = dg.EndpointAPI + "gateway"
	dg.EndpointGatewayBot = dg.EndpointGateway + "/bot"
	dg.EndpointWebhooks = dg.EndpointAPI + "webhooks/"
	dg.EndpointStickers = dg.EndpointAPI + "stickers/"
	dg.EndpointNitroStickersPacks = dg.EndpointAPI + "sticker-packs"
	dg.EndpointStageInstances = dg.EndpointAPI + "stage-instances"
	dg.EndpointSKUs = dg.EndpointAPI + "skus"
	dg.EndpointVoice = dg.EndpointAPI + "voice/"
	dg.EndpointVoiceRegions = dg.EndpointVoice + "regions"
	dg.EndpointApplications = dg.EndpointAPI + "applications"
	dg.EndpointOAuth2 = dg.EndpointAPI + "oauth2/"
	dg.EndpointOAuth2Applications = dg.EndpointOAuth2 + "applications"
	dg.EndpointOauth2 = dg.EndpointOAuth2
	dg.EndpointOauth2Applications = dg.EndpointOAuth2Applications

	dg.EndpointCDN = dg.EndpointDiscord
	dg.EndpointCDNAttachments = dg.EndpointCDN + "attachments/"
	dg.EndpointCDNAvatars = dg.EndpointCDN + "avatars/"
	dg.EndpointCDNIcons = dg.EndpointCDN + "icons/"
	dg.EndpointCDNSplashes = dg.EndpointCDN + "splashes/"
	dg.EndpointCDNChannelIcons = dg.EndpointCDN + "channel-icons/"
	dg.EndpointCDNBanners = dg.EndpointCDN + "banners/"
	dg.EndpointCDNGuilds = dg.EndpointCDN + "guilds/"
	dg.EndpointCDNRoleIcons = dg.EndpointCDN + "role-icons/"
}
