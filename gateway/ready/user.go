package ready

import (
	"encoding/json"

	"github.com/google/uuid"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// UserGuild is a guild in a person's READY.
type UserGuild struct {
	ID   snowflake.ID
	Data json.RawMessage // as in GUILD_CREATE, or a discord.UnavailableGuild
	Self json.RawMessage // the user's own member, with user_id instead of user; nil while the guild is unavailable
	// With discord.CapDedupeUsers, what is not in Data:
	Members   []Person
	Presences [][]byte // with user_id instead of user
}

// Person is a member of whom READY has the user apart.
type Person struct {
	ID     snowflake.ID
	Member []byte // with user_id instead of user
	User   []byte
}

// UserState is what a person's READY is made of. What the platform has nothing of is empty, in the shape that the client
// knows.
type UserState struct {
	Session      Session
	Capabilities discord.Capabilities
	User         discord.SelfUser
	Guilds       []UserGuild
	Direct       []discord.Channel // with recipients
	Sessions     json.RawMessage   // all of the user's, as in SESSIONS_REPLACE
	Login        string            // hash of what the session has identified with
	Kept
}

// userReady is the part of a person's READY that is small.
type userReady struct {
	Version              int              `json:"v"`
	User                 selfUser         `json:"user"`
	SessionID            string           `json:"session_id"`
	SessionType          string           `json:"session_type"`
	ResumeGatewayURL     string           `json:"resume_gateway_url"`
	Shard                *sharding.Shard  `json:"shard,omitempty"`
	AuthSessionHash      string           `json:"auth_session_id_hash"`
	StaticClientSession  string           `json:"static_client_session_id"`
	PrivateChannels      []privateChannel `json:"private_channels"`
	Relationships        []relationship   `json:"relationships"`
	GameRelationships    []struct{}       `json:"game_relationships"`
	Presences            json.RawMessage  `json:"presences,omitempty"`
	ReadState            any              `json:"read_state"`
	UserGuildSettings    any              `json:"user_guild_settings"`
	UserSettings         any              `json:"user_settings,omitempty"`
	UserSettingsProto    []byte           `json:"user_settings_proto,omitempty"`
	NotificationSettings flags            `json:"notification_settings"`
	Sessions             json.RawMessage  `json:"sessions"`
	ConnectedAccounts    []struct{}       `json:"connected_accounts"`
	LinkedUsers          []struct{}       `json:"linked_users"`
	Notes                any              `json:"notes,omitempty"`
	FriendSuggestions    int              `json:"friend_suggestion_count"`
	GuildJoinRequests    []struct{}       `json:"guild_join_requests"`
	Consents             any              `json:"consents"`
	Auth                 authenticators   `json:"auth"`
	Experiments          []struct{}       `json:"experiments"`
	GuildExperiments     []struct{}       `json:"guild_experiments"`
	GeoOrderedRTCRegions []string         `json:"geo_ordered_rtc_regions"`
	Tutorial             *struct{}        `json:"tutorial"`
	AnalyticsToken       string           `json:"analytics_token"`
	CountryCode          *string          `json:"country_code"`
	APICodeVersion       int              `json:"api_code_version"`
	ContentScanVersion   int              `json:"explicit_content_scan_version"`
	Trace                []string         `json:"_trace"`
}

// selfUser is the private user with what only people's clients look for.
type selfUser struct {
	discord.SelfUser
	Phone       *string `json:"phone"`
	NSFWAllowed bool    `json:"nsfw_allowed"`
}

// privateChannel has recipients, or with discord.CapDedupeUsers their ids.
type privateChannel struct {
	discord.Channel
	RecipientIDs []snowflake.ID `json:"recipient_ids,omitempty"`
}

type flags struct {
	Flags int `json:"flags"`
}

type authenticators struct {
	Types []int `json:"authenticator_types"`
}

// User returns a person's READY, and for a client with discord.CapPrioritizedReady the READY_SUPPLEMENTAL that follows it.
// Guilds are copied, not encoded again.
func User(s UserState) (data, supplemental json.RawMessage, err error) {
	can, none := s.Capabilities.Has, []struct{}{}
	dedupe, prioritized := can(discord.CapDedupeUsers), can(discord.CapPrioritizedReady)
	ready := userReady{
		Version: s.Session.Version, User: selfUser{SelfUser: s.User, NSFWAllowed: true}, SessionID: s.Session.ID,
		SessionType: "normal", ResumeGatewayURL: s.Session.ResumeURL, Shard: s.Session.Shard, Trace: s.Session.Trace,
		StaticClientSession: uuid.NewSHA1(uuid.NameSpaceOID, []byte(s.Session.ID)).String(), AuthSessionHash: s.Login,
		PrivateChannels: privateChannels(s.Direct, dedupe), Sessions: s.Sessions,
		ReadState:         list(s.ReadStates, s.Version, can(discord.CapVersionedReadStates)),
		UserGuildSettings: list(s.GuildSettings, s.Version, can(discord.CapVersionedGuildSettings)),
		Relationships:     relationships(s.Relationships, dedupe), NotificationSettings: flags{s.NotificationFlags},
		Consents: consentsOf(s.Consents), GameRelationships: none, ConnectedAccounts: none, LinkedUsers: none, GuildJoinRequests: none,
		Experiments: none, GuildExperiments: none, GeoOrderedRTCRegions: []string{}, Auth: authenticators{Types: []int{}},
	}
	if !dedupe {
		ready.Presences = each(s.Friends, func(f Friend) []byte { return f.Presence })
	}
	if !can(discord.CapLazyNotes) {
		ready.Notes = notes(s.Notes)
	}
	if can(discord.CapSettingsProto) {
		ready.UserSettingsProto = s.SettingsProto
	} else {
		ready.UserSettings = s.Settings
	}
	small, err := marshal(ready)
	if err != nil {
		return nil, nil, err
	}
	users, err := s.users()
	if err != nil {
		return nil, nil, err
	}
	data = append(data, small[:len(small)-1]...) // without the closing brace
	data = appendKey(data, "users", users)
	data = appendKey(data, "guilds", each(s.Guilds, func(g UserGuild) []byte { return g.Data }))
	data = appendKey(data, "merged_members", each(s.Guilds, func(g UserGuild) []byte {
		return g.members(s.User.ID, true, dedupe && !prioritized)
	}))
	if dedupe && !prioritized {
		data = s.appendPresences(data)
	}
	if prioritized {
		supplemental = s.supplemental()
	}
	return append(data, '}'), supplemental, nil
}

// supplemental is the READY_SUPPLEMENTAL.
func (s *UserState) supplemental() json.RawMessage {
	data := json.RawMessage(`{"lazy_private_channels":[],"disclose":[],"game_invites":[]`)
	data = appendKey(data, "guilds", each(s.Guilds, func(g UserGuild) []byte {
		id := `{"id":"` + g.ID.String() + `"`
		if g.Self != nil {
			id += `,"voice_states":[],"activity_instances":[],"embedded_activities":[]`
		}
		return []byte(id + "}")
	}))
	data = appendKey(data, "merged_members", each(s.Guilds, func(g UserGuild) []byte { return g.members(s.User.ID, false, true) }))
	return append(s.appendPresences(data), '}')
}

// members returns the list of a guild's members: the user's own first, and then the others.
func (g *UserGuild) members(user snowflake.ID, own, others bool) []byte {
	var items [][]byte
	if own && g.Self != nil {
		items = append(items, g.Self)
	}
	if others {
		for _, p := range g.Members {
			if p.ID != user {
				items = append(items, p.Member)
			}
		}
	}
	return each(items, func(item []byte) []byte { return item })
}

func (s *UserState) appendPresences(data []byte) []byte {
	data = append(data, `,"merged_presences":{"friends":`...)
	data = append(data, each(s.Friends, func(f Friend) []byte { return f.Merged })...)
	data = appendKey(data, "guilds", each(s.Guilds, func(g UserGuild) []byte {
		return each(g.Presences, func(item []byte) []byte { return item })
	}))
	return append(data, '}')
}

// users returns everybody in relationships and DMs, and with discord.CapDedupeUsers in the lists of members, once.
func (s *UserState) users() ([]byte, error) {
	seen := map[snowflake.ID]bool{}
	var users [][]byte
	var known []discord.User
	for _, r := range s.Relationships {
		known = append(known, r.User)
	}
	for _, c := range s.Direct {
		known = append(known, c.Recipients...)
	}
	for _, u := range known {
		if !seen[u.ID] {
			seen[u.ID] = true
			data, err := marshal(u)
			if err != nil {
				return nil, err
			}
			users = append(users, data)
		}
	}
	for _, g := range s.Guilds {
		for _, p := range g.Members {
			if !seen[p.ID] {
				seen[p.ID] = true
				users = append(users, p.User)
			}
		}
	}
	return each(users, func(item []byte) []byte { return item }), nil
}

func privateChannels(direct []discord.Channel, dedupe bool) []privateChannel {
	channels := make([]privateChannel, len(direct))
	for i, c := range direct {
		channels[i].Channel = c
		if dedupe {
			channels[i].Recipients = nil
			for _, u := range c.Recipients {
				channels[i].RecipientIDs = append(channels[i].RecipientIDs, u.ID)
			}
		}
	}
	return channels
}

// each returns the JSON list of what form makes of the items.
func each[T any](items []T, form func(T) []byte) []byte {
	data := []byte{'['}
	for i, item := range items {
		if i > 0 {
			data = append(data, ',')
		}
		data = append(data, form(item)...)
	}
	return append(data, ']')
}

// appendKey adds a key to an object that has one already.
func appendKey(data []byte, key string, value []byte) []byte {
	data = append(data, `,"`+key+`":`...)
	return append(data, value...)
}
