package chaos_test

import (
	"encoding/json"
	"slices"
	"strconv"

	"guildhall.chat/guildhall/test/clients/rest"
)

// view is what a client knows of its guilds from nothing but the events it got, in their order. By it the client can tell
// whether it may see a channel, as a library's cache does; an event that it may not see by then must not come.
type view struct {
	self   string
	guilds map[string]*viewedGuild
	homes  map[string]string // channel -> guild
}

type viewedGuild struct {
	owner    string
	roles    map[string]uint64 // permissions
	mine     []string          // roles of the session's own user
	channels map[string][]rest.Overwrite
}

func newView() *view { return &view{guilds: map[string]*viewedGuild{}, homes: map[string]string{}} }

// Objects of the gateway, as far as they say who may see what.
type (
	wireRole struct {
		ID          string `json:"id"`
		Permissions string `json:"permissions"`
	}
	wireChannel struct {
		ID         string           `json:"id"`
		GuildID    string           `json:"guild_id"`
		Overwrites []rest.Overwrite `json:"permission_overwrites"`
	}
	wireMember struct {
		UserID string   `json:"user_id"` // in READY
		Roles  []string `json:"roles"`
		User   struct {
			ID string `json:"id"`
		} `json:"user"`
	}
	wireGuild struct {
		ID          string        `json:"id"`
		OwnerID     string        `json:"owner_id"`
		Unavailable bool          `json:"unavailable"`
		Roles       []wireRole    `json:"roles"`
		Channels    []wireChannel `json:"channels"`
		Members     []wireMember  `json:"members"`
	}
	wireReady struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
		Guilds  []wireGuild    `json:"guilds"`
		Members [][]wireMember `json:"merged_members"`
	}
)

// take applies an event. It returns the guilds that came and that went.
func (v *view) take(kind string, data json.RawMessage) (came, went []string, err error) {
	switch kind {
	case "READY":
		var ready wireReady
		if err := json.Unmarshal(data, &ready); err != nil {
			return nil, nil, err
		}
		*v = *newView()
		v.self = ready.User.ID
		for i, g := range ready.Guilds {
			if g.Unavailable {
				continue
			}
			if i < len(ready.Members) {
				g.Members = ready.Members[i]
			}
			v.enter(g)
			came = append(came, g.ID)
		}
	case "GUILD_CREATE":
		var g wireGuild
		if err := json.Unmarshal(data, &g); err != nil {
			return nil, nil, err
		}
		if !g.Unavailable {
			v.enter(g)
			came = append(came, g.ID)
		}
	case "GUILD_DELETE":
		var g wireGuild
		if err := json.Unmarshal(data, &g); err != nil {
			return nil, nil, err
		}
		delete(v.guilds, g.ID)
		went = append(went, g.ID)
	default:
		err = v.change(kind, data)
	}
	return came, went, err
}

func (v *view) enter(g wireGuild) {
	known := &viewedGuild{owner: g.OwnerID, roles: map[string]uint64{}, channels: map[string][]rest.Overwrite{}}
	for _, r := range g.Roles {
		known.roles[r.ID] = bits(r.Permissions)
	}
	for _, c := range g.Channels {
		known.channels[c.ID] = c.Overwrites
		v.homes[c.ID] = g.ID
	}
	for _, m := range g.Members {
		if m.User.ID == v.self || m.UserID == v.self {
			known.mine = m.Roles
		}
	}
	v.guilds[g.ID] = known
}

// change applies an event of a guild that is known; of others there is nothing to keep.
func (v *view) change(kind string, data json.RawMessage) error {
	var e struct {
		wireMember
		ID         string           `json:"id"`
		GuildID    string           `json:"guild_id"`
		OwnerID    string           `json:"owner_id"`
		Role       wireRole         `json:"role"`
		RoleID     string           `json:"role_id"`
		Overwrites []rest.Overwrite `json:"permission_overwrites"`
	}
	switch kind {
	case "GUILD_UPDATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE", "CHANNEL_CREATE", "CHANNEL_UPDATE",
		"CHANNEL_DELETE", "GUILD_MEMBER_UPDATE":
	default:
		return nil
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return err
	}
	if kind == "GUILD_UPDATE" {
		e.GuildID = e.ID
	}
	g := v.guilds[e.GuildID]
	if g == nil {
		return nil
	}
	switch kind {
	case "GUILD_UPDATE":
		g.owner = e.OwnerID
	case "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE":
		g.roles[e.Role.ID] = bits(e.Role.Permissions)
	case "GUILD_ROLE_DELETE":
		delete(g.roles, e.RoleID)
	case "CHANNEL_CREATE", "CHANNEL_UPDATE":
		g.channels[e.ID] = e.Overwrites
		v.homes[e.ID] = e.GuildID
	case "CHANNEL_DELETE":
		delete(g.channels, e.ID)
	case "GUILD_MEMBER_UPDATE":
		if e.User.ID == v.self {
			g.mine = e.Roles
		}
	}
	return nil
}

// sees says whether the client may see a channel of a guild, by Discord's algorithm.
// https://discord.com/developers/docs/topics/permissions#permission-overwrites
func (v *view) sees(channel string) bool {
	guild := v.homes[channel]
	g := v.guilds[guild]
	if g == nil {
		return false
	}
	overwrites, known := g.channels[channel]
	if !known {
		return false
	}
	base := g.roles[guild]
	for _, r := range g.mine {
		base |= g.roles[r]
	}
	if g.owner == v.self || base&administrator != 0 {
		return true
	}
	apply := func(match func(o rest.Overwrite) bool) {
		var allow, deny uint64
		for _, o := range overwrites {
			if match(o) {
				allow |= bits(o.Allow)
				deny |= bits(o.Deny)
			}
		}
		base = base&^deny | allow
	}
	apply(func(o rest.Overwrite) bool { return o.ID == guild })
	apply(func(o rest.Overwrite) bool { return o.Type == 0 && o.ID != guild && slices.Contains(g.mine, o.ID) })
	apply(func(o rest.Overwrite) bool { return o.Type == 1 && o.ID == v.self })
	return base&rest.ViewChannel != 0
}

// bits reads permissions; what is no number has none.
func bits(set string) uint64 {
	n, err := strconv.ParseUint(set, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
