// Package quiet answers what people's clients ask of Discord that a platform of one's own has none of: what there is to buy,
// experiments, statistics about the client. An empty answer in the right shape keeps a client from asking again and again,
// or from showing an error. It is one table; nothing of what is sent is looked at or kept.
package quiet

import (
	"encoding/json"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
)

// answer is what is always said to a request.
type answer struct {
	method, path string
	access       call.Access
	body         string // JSON; empty: 204
}

const (
	get  = http.MethodGet
	post = http.MethodPost

	emptyList   = `[]`
	emptyObject = `{}`
)

var answers = []answer{
	// Statistics about the client.
	{post, "/science", call.Anyone, ""},
	{post, "/track", call.Anyone, ""},
	{post, "/metrics", call.Anyone, ""},
	{post, "/metrics/v2", call.Anyone, ""},
	{post, "/users/@me/meaningfully-online", call.UsersOnly, ""},

	// Before login.
	{get, "/auth/location-metadata", call.Anyone, `{"consent_required":false,"country_code":null,"promotional_email_opt_in":{"required":false,"pre_checked":false}}`},
	{get, "/experiments", call.Anyone, `{"fingerprint":null,"assignments":[],"guild_experiments":[]}`},
	{get, "/apex/experiments", call.Anyone, `{"assignments":[]}`},
	{get, "/scheduled-maintenances/upcoming.json", call.Anyone, `{"scheduled_maintenances":[]}`},

	// What could be bought.
	{get, "/users/@me/billing/subscriptions", call.UsersOnly, emptyList},
	{get, "/users/@me/billing/payment-sources", call.UsersOnly, emptyList},
	{get, "/users/@me/billing/payments", call.UsersOnly, emptyList},
	{get, "/users/@me/billing/country-code", call.UsersOnly, `{"country_code":null}`},
	{get, "/users/@me/billing/location-info", call.UsersOnly, `{"country_code":null,"subdivision_code":null}`},
	{get, "/users/@me/billing/localized-pricing-promo", call.UsersOnly, `{"country_code":null,"localized_pricing_promo":null}`},
	{get, "/users/@me/billing/trial-offer", call.UsersOnly, emptyObject},
	{get, "/users/@me/billing/user-offer", call.UsersOnly, `{"user_trial_offer":null,"user_discount_offer":null}`},
	{post, "/users/@me/billing/user-offer", call.UsersOnly, `{"user_trial_offer":null,"user_discount_offer":null}`},
	{get, "/users/@me/billing/perks-relevance", call.UsersOnly, `{}`},
	{get, "/users/@me/billing/premium-subscription", call.UsersOnly, `null`},
	{get, "/users/@me/entitlements", call.UsersOnly, emptyList},
	{get, "/users/@me/entitlements/gifts", call.UsersOnly, emptyList},
	{get, "/users/@me/applications/:application_id/entitlements", call.UsersOnly, emptyList},
	{get, "/users/@me/guilds/premium/subscriptions", call.UsersOnly, emptyList},
	{get, "/users/@me/guilds/premium/subscription-slots", call.UsersOnly, emptyList},
	{get, "/users/@me/guilds/premium/subscriptions/cooldown", call.UsersOnly, `{"ends_at":null,"limit":0,"remaining":0}`},
	{get, "/users/@me/collectibles-purchases", call.UsersOnly, emptyList},
	{get, "/users/@me/collectibles-marketing", call.UsersOnly, `{"marketings":{}}`},
	{get, "/collectibles-categories", call.UsersOnly, emptyList},
	{get, "/collectibles-categories/v2", call.UsersOnly, `{"categories":[]}`},
	{get, "/outbound-promotions", call.UsersOnly, emptyList},
	{get, "/users/@me/outbound-promotions/codes", call.UsersOnly, emptyList},
	{get, "/promotions", call.UsersOnly, emptyList},
	{get, "/quests/@me", call.UsersOnly, `{"quests":[],"excluded_quests":[],"quest_enrollment_blocked_until":null}`},
	{get, "/users/@me/library", call.UsersOnly, emptyList},

	// What is suggested.
	{get, "/users/@me/affinities/users", call.UsersOnly, `{"user_affinities":[],"inverse_user_affinities":[]}`},
	{get, "/users/@me/affinities/v2/users", call.UsersOnly, `{"user_affinities":[]}`},
	{get, "/users/@me/affinities/guilds", call.UsersOnly, `{"guild_affinities":[]}`},
	{get, "/users/@me/affinities/channels", call.UsersOnly, `{"channel_affinities":[]}`},
	{get, "/friend-suggestions", call.UsersOnly, emptyList},
	{get, "/guild-recommendations", call.UsersOnly, `{"recommended_guilds":[],"load_id":""}`},
	{get, "/discoverable-guilds", call.UsersOnly, `{"guilds":[],"total":0,"offset":0,"limit":48}`},
	{get, "/discovery/categories", call.Anyone, emptyList},
	{get, "/games/detectable", call.Anyone, emptyList},
	{get, "/applications/detectable", call.Anyone, emptyList},
	{get, "/gifs/trending", call.UsersOnly, `{"categories":[],"gifs":[]}`},
	{get, "/gifs/trending-gifs", call.UsersOnly, emptyList},
	{get, "/gifs/search", call.UsersOnly, emptyList},
	{get, "/gifs/suggest", call.UsersOnly, emptyList},
	{get, "/gifs/trending-search", call.UsersOnly, emptyList},
	{post, "/gifs/select", call.UsersOnly, ""},

	// Voice; see docs/adr/0007-voice.md.
	{get, "/guilds/:guild_id/regions", call.Signed, emptyList},
	{get, "/soundboard-default-sounds", call.Signed, emptyList},
	{get, "/guilds/:guild_id/soundboard-sounds", call.Signed, `{"items":[]}`},

	// The rest of what clients look at when they start.
	{get, "/users/@me/survey", call.UsersOnly, `{"survey":null}`},
	{get, "/tutorial", call.UsersOnly, `{"indicators_suppressed":true,"indicators_confirmed":[]}`},
	{post, "/tutorial/indicators/suppress", call.UsersOnly, ""},
	{get, "/users/@me/harvest", call.UsersOnly, ""},
	{post, "/users/@me/devices", call.UsersOnly, ""},
	{http.MethodDelete, "/users/@me/devices", call.UsersOnly, ""},
	{get, "/users/@me/notification-center/items", call.UsersOnly, `{"items":[],"cursor":null,"has_more":false}`},
	{get, "/users/@me/connections", call.UsersOnly, emptyList},
	{get, "/users/@me/saved-messages", call.UsersOnly, `{"saved_messages":[]}`},
	{get, "/users/@me/join-request-guilds", call.UsersOnly, emptyList},
}

// Beside returns the routes of the table that are not among those given: what is served for real is not answered here.
func Beside(served []call.Route) []call.Route {
	taken := map[string]bool{}
	for _, route := range served {
		taken[route.Method+" "+route.Path] = true
	}
	var routes []call.Route
	for _, a := range answers {
		if !taken[a.method+" "+a.path] {
			routes = append(routes, call.Route{
				Method: a.method, Path: a.path, Access: a.access, Unverified: true,
				Limit: call.Per(30, 10*time.Second).Shared("quiet"), Handle: a.handle,
			})
		}
	}
	return routes
}

func (a answer) handle(c *call.Call) error {
	if a.body == "" {
		return c.Done()
	}
	return c.OK(json.RawMessage(a.body))
}
