package fanout

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
)

var (
	viewsOpen = promauto.NewGauge(prometheus.GaugeOpts{
		Name: "guildhall_gateway_guild_views",
		Help: "Guilds that this pod keeps a view of.",
	})
	viewsLost = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_guild_views_lost_total",
		Help: "Guild views that could not be kept exact; their sessions were told to start anew.",
	})
	viewLoad = promauto.NewHistogram(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_guild_load_seconds",
		Help:    "Time to load a guild's view.",
		Buckets: prometheus.ExponentialBuckets(0.002, 2, 13),
	})
	dispatches = promauto.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_gateway_dispatches_total",
		Help: "Events handed to sessions, by type.",
	}, []string{"type"})
	listsRefused = promauto.NewCounter(prometheus.CounterOpts{
		Name: "guildhall_gateway_member_lists_refused_total",
		Help: "Member lists that were not made because their guild has as many in use as it may.",
	})
	latency = promauto.NewHistogram(prometheus.HistogramOpts{
		Name:    "guildhall_gateway_delivery_seconds",
		Help:    "Time from the change that made an event until it was on its way to all its sessions here.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2, 15),
	})
)

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

func observeLatency(e events.Event) {
	if e.Head.At > 0 {
		latency.Observe(max(0, time.Since(time.UnixMilli(e.Head.At)).Seconds()))
	}
}
