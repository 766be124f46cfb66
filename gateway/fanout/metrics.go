package fanout

import (
	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/metrics"
)

var (
	viewsOpen = metrics.NewGauge("guildhall_gateway_guild_views",
		"Guilds that this pod keeps a view of.")
	viewsLost = metrics.NewCounter("guildhall_gateway_guild_views_lost_total",
		"Guild views that could not be kept exact; their sessions were told to start anew.")
	viewLoad = metrics.NewHistogram("guildhall_gateway_guild_load_seconds",
		"Time to load a guild's view.", metrics.Latency)
	dispatches = metrics.NewCounters("guildhall_gateway_dispatches_total",
		"Events handed to sessions, by type.", "type")
	listsRefused = metrics.NewCounter("guildhall_gateway_member_lists_refused_total",
		"Member lists that were not made because their guild has as many in use as it may.")
)

var pastLookups = metrics.NewCache("past_events")

// knownEvents bounds the values of the label.
var knownEvents = func() map[string]prometheus.Counter {
	counters := map[string]prometheus.Counter{}
	for _, event := range []string{
		discord.EventReady, discord.EventResumed, discord.EventRateLimited, discord.EventAppPermissionsUpdate,
		discord.EventAutoModRuleCreate, discord.EventAutoModRuleUpdate, discord.EventAutoModRuleDelete,
		discord.EventAutoModActionExecution, discord.EventChannelCreate, discord.EventChannelUpdate,
		discord.EventChannelDelete, discord.EventChannelPinsUpdate, discord.EventThreadCreate, discord.EventThreadUpdate,
		discord.EventThreadDelete, discord.EventThreadListSync, discord.EventThreadMemberUpdate,
		discord.EventThreadMembersUpdate, discord.EventGuildCreate, discord.EventGuildUpdate, discord.EventGuildDelete,
		discord.EventAuditLogEntryCreate, discord.EventGuildBanAdd, discord.EventGuildBanRemove,
		discord.EventGuildEmojisUpdate, discord.EventGuildStickersUpdate, discord.EventGuildIntegrationsUpdate,
		discord.EventGuildMemberAdd, discord.EventGuildMemberUpdate, discord.EventGuildMemberRemove,
		discord.EventGuildMembersChunk, discord.EventGuildRoleCreate, discord.EventGuildRoleUpdate,
		discord.EventGuildRoleDelete, discord.EventScheduledEventCreate, discord.EventScheduledEventUpdate,
		discord.EventScheduledEventDelete, discord.EventScheduledEventUserAdd, discord.EventScheduledEventUserRemove,
		discord.EventIntegrationCreate, discord.EventIntegrationUpdate, discord.EventIntegrationDelete,
		discord.EventInteractionCreate, discord.EventInviteCreate, discord.EventInviteDelete, discord.EventMessageCreate,
		discord.EventMessageUpdate, discord.EventMessageDelete, discord.EventMessageDeleteBulk,
		discord.EventMessageReactionAdd, discord.EventMessageReactionRemove, discord.EventMessageReactionRemoveAll,
		discord.EventMessageReactionRemoveEmo, discord.EventMessagePollVoteAdd, discord.EventMessagePollVoteRemove,
		discord.EventPresenceUpdate, discord.EventTypingStart, discord.EventUserUpdate, discord.EventWebhooksUpdate,
		discord.EventGuildMemberListUpdate, discord.EventSessionsReplace,
	} {
		counters[event] = dispatches.WithLabelValues(event)
	}
	return counters
}()

var otherEvents = dispatches.WithLabelValues("other")

// countDispatches counts an event's receivers.
func countDispatches(event string, receivers int) {
	counter := knownEvents[event]
	if counter == nil {
		counter = otherEvents
	}
	counter.Add(float64(receivers))
}
