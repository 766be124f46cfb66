package rest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
)

// GuildText is the type of the channels that the suites make.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-types
const GuildText = 0

// Permissions that the suites grant or deny.
// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
const (
	CreateInstantInvite = 1 << 0
	KickMembers         = 1 << 1
	ManageChannels      = 1 << 4
	AddReactions        = 1 << 6
	ViewChannel         = 1 << 10
	SendMessages        = 1 << 11
	EmbedLinks          = 1 << 14
	AttachFiles         = 1 << 15
	ReadMessageHistory  = 1 << 16
	MentionEveryone     = 1 << 17
)

// Guild is what the suites read of a guild.
type Guild struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Channel is what the suites read of a channel.
type Channel struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    int    `json:"type"`
	GuildID string `json:"guild_id"`
}

// Role is what the suites read of a role.
type Role struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Message is what the suites read of a message.
type Message struct {
	ID        string `json:"id"`
	ChannelID string `json:"channel_id"`
	GuildID   string `json:"guild_id"`
	Content   string `json:"content"`
	Nonce     any    `json:"nonce"`
	Author    struct {
		ID       string `json:"id"`
		Username string `json:"username"`
	} `json:"author"`
}

// Overwrite is a channel's permission overwrite: Type 0 is a role, 1 a member.
type Overwrite struct {
	ID    string `json:"id"`
	Type  int    `json:"type"`
	Allow string `json:"allow"`
	Deny  string `json:"deny"`
}

// Allow makes the overwrite of a role that grants permissions.
func Allow(role string, permissions uint64) Overwrite {
	return Overwrite{ID: role, Allow: strconv.FormatUint(permissions, 10), Deny: "0"}
}

// Deny makes the overwrite of a role that takes permissions away.
func Deny(role string, permissions uint64) Overwrite {
	return Overwrite{ID: role, Allow: "0", Deny: strconv.FormatUint(permissions, 10)}
}

// Shard is the shard of a guild: (id >> 22) % shards.
// https://discord.com/developers/docs/topics/gateway#sharding-sharding-formula
func Shard(guildID string, shards int) (int, error) {
	id, err := strconv.ParseUint(guildID, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("guild id %q: %w", guildID, err)
	}
	return int((id >> 22) % uint64(shards)), nil
}

// CreateGuild makes a guild owned by u.
func (u *User) CreateGuild(ctx context.Context, name string) (Guild, error) {
	var g Guild
	if err := u.Do(ctx, http.MethodPost, "/guilds", map[string]any{"name": name}, &g); err != nil {
		return Guild{}, fmt.Errorf("create the guild %s: %w", name, err)
	}
	return g, nil
}

// CreateGuildOn makes a guild whose id belongs to a shard. A snowflake's shard follows the millisecond it was made in,
// so a few attempts do; guilds on other shards are deleted.
func (u *User) CreateGuildOn(ctx context.Context, name string, shard, shards int) (Guild, error) {
	for {
		g, err := u.CreateGuild(ctx, name)
		if err != nil {
			return Guild{}, err
		}
		if at, err := Shard(g.ID, shards); err != nil || at == shard {
			return g, err
		}
		if err := u.Do(ctx, http.MethodDelete, "/guilds/"+g.ID, nil, nil); err != nil {
			return Guild{}, fmt.Errorf("delete the guild %s: %w", g.ID, err)
		}
	}
}

// CreateChannel makes a text channel.
func (c *Client) CreateChannel(ctx context.Context, guildID, name string, overwrites ...Overwrite) (Channel, error) {
	var ch Channel
	body := map[string]any{"name": name, "type": GuildText}
	if len(overwrites) > 0 {
		body["permission_overwrites"] = overwrites
	}
	if err := c.Do(ctx, http.MethodPost, "/guilds/"+guildID+"/channels", body, &ch); err != nil {
		return Channel{}, fmt.Errorf("create the channel %s: %w", name, err)
	}
	return ch, nil
}

// CreateRole makes a role that can be mentioned.
func (c *Client) CreateRole(ctx context.Context, guildID, name string) (Role, error) {
	var r Role
	body := map[string]any{"name": name, "permissions": "0", "mentionable": true}
	if err := c.Do(ctx, http.MethodPost, "/guilds/"+guildID+"/roles", body, &r); err != nil {
		return Role{}, fmt.Errorf("create the role %s: %w", name, err)
	}
	return r, nil
}

// Join lets guest accept an invite that host makes to the channel.
func Join(ctx context.Context, host *Client, channelID string, guests ...*User) error {
	var invite struct {
		Code string `json:"code"`
	}
	if err := host.Do(ctx, http.MethodPost, "/channels/"+channelID+"/invites", map[string]any{}, &invite); err != nil {
		return fmt.Errorf("create an invite: %w", err)
	}
	for _, guest := range guests {
		if err := guest.Do(ctx, http.MethodPost, "/invites/"+invite.Code, map[string]any{}, nil); err != nil {
			return fmt.Errorf("%s accepts the invite: %w", guest.Username, err)
		}
	}
	return nil
}

// Send posts a plain message.
func (c *Client) Send(ctx context.Context, channelID, content string) (Message, error) {
	var m Message
	err := c.Do(ctx, http.MethodPost, "/channels/"+channelID+"/messages", map[string]any{"content": content}, &m)
	return m, err
}
