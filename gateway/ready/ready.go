package ready

import (
	"encoding/json"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Session is what READY says of the session itself.
type Session struct {
	Version   int // of the API
	ID        string
	ResumeURL string
	Shard     *sharding.Shard // as the client named it
	Trace     []string
}

// Bot returns a bot's READY. Its guilds are announced as unavailable, and follow one by one.
// https://discord.com/developers/docs/events/gateway-events#ready
func Bot(s Session, user discord.SelfUser, app discord.ReadyApplication, guilds []snowflake.ID) (json.RawMessage, error) {
	announced := make([]discord.UnavailableGuild, len(guilds))
	for i, id := range guilds {
		announced[i] = discord.UnavailableGuild{ID: id, Unavailable: true}
	}
	ready := discord.Ready{
		Version: s.Version, User: user, Guilds: announced, SessionID: s.ID, ResumeGatewayURL: s.ResumeURL,
		Application: &app,
		// Bots learn of DMs by CHANNEL_CREATE; Discord sends this list empty.
		PrivateChannels: []discord.Channel{},
		Trace:           s.Trace,
	}
	if s.Shard != nil {
		ready.Shard = &[2]int{s.Shard.ID, s.Shard.Count}
	}
	return marshal(ready)
}

// userReady is the READY of a person's client. What the platform has nothing of is empty, in the form that a client
// without capabilities gets.
type userReady struct {
	Version              int               `json:"v"`
	User                 discord.SelfUser  `json:"user"`
	Users                []discord.User    `json:"users"`
	SessionID            string            `json:"session_id"`
	SessionType          string            `json:"session_type"`
	ResumeGatewayURL     string            `json:"resume_gateway_url"`
	Shard                *sharding.Shard   `json:"shard,omitempty"`
	PrivateChannels      []discord.Channel `json:"private_channels"`
	Relationships        []struct{}        `json:"relationships"`
	Presences            []struct{}        `json:"presences"`
	ReadState            []struct{}        `json:"read_state"`
	UserGuildSettings    []struct{}        `json:"user_guild_settings"`
	UserSettings         struct{}          `json:"user_settings"`
	Sessions             []struct{}        `json:"sessions"`
	ConnectedAccounts    []struct{}        `json:"connected_accounts"`
	Notes                struct{}          `json:"notes"`
	FriendSuggestions    int               `json:"friend_suggestion_count"`
	GuildJoinRequests    []struct{}        `json:"guild_join_requests"`
	Experiments          []struct{}        `json:"experiments"`
	GuildExperiments     []struct{}        `json:"guild_experiments"`
	GeoOrderedRTCRegions []string          `json:"geo_ordered_rtc_regions"`
	Tutorial             *struct{}         `json:"tutorial"`
	AnalyticsToken       string            `json:"analytics_token"`
	Trace                []string          `json:"_trace"`
}

// UserGuild is a guild in a user's READY.
type UserGuild struct {
	Data json.RawMessage // as in GUILD_CREATE, or a discord.UnavailableGuild
	Self json.RawMessage // the user's own member, with user_id instead of user; nil while the guild is unavailable
}

// User returns a person's READY, whose guilds are whole. They are copied, not encoded again.
func User(s Session, user discord.SelfUser, guilds []UserGuild, direct []discord.Channel) (json.RawMessage, error) {
	ready := userReady{
		Version: s.Version, User: user, SessionID: s.ID, SessionType: "normal", ResumeGatewayURL: s.ResumeURL,
		Shard: s.Shard, Trace: s.Trace, PrivateChannels: direct, Users: recipients(direct),
		Relationships: []struct{}{}, Presences: []struct{}{}, ReadState: []struct{}{}, UserGuildSettings: []struct{}{},
		Sessions: []struct{}{}, ConnectedAccounts: []struct{}{}, GuildJoinRequests: []struct{}{},
		Experiments: []struct{}{}, GuildExperiments: []struct{}{}, GeoOrderedRTCRegions: []string{},
	}
	if ready.PrivateChannels == nil {
		ready.PrivateChannels = []discord.Channel{}
	}
	rest, err := marshal(ready)
	if err != nil {
		return nil, err
	}
	const keys = `,"guilds":[],"merged_members":[]}`
	size := len(rest) + len(keys)
	for _, g := range guilds {
		size += len(g.Data) + len(g.Self) + len(`,,[]`)
	}
	data := make(json.RawMessage, 0, size)
	data = append(data, rest[:len(rest)-1]...) // without the closing brace
	data = append(data, `,"guilds":[`...)
	for i, g := range guilds {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, g.Data...)
	}
	data = append(data, `],"merged_members":[`...)
	for i, g := range guilds {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(append(append(data, '['), g.Self...), ']')
	}
	return append(data, `]}`...), nil
}

// recipients returns everybody in the DMs, once.
func recipients(direct []discord.Channel) []discord.User {
	users := []discord.User{}
	seen := map[snowflake.ID]bool{}
	for _, c := range direct {
		for _, u := range c.Recipients {
			if !seen[u.ID] {
				seen[u.ID] = true
				users = append(users, u)
			}
		}
	}
	return users
}

func marshal(v any) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode READY: %w", err)
	}
	return data, nil
}
