package discord

import (
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Invite lets users into a guild. Uses to CreatedAt are the metadata that managers of the channel see.
// https://discord.com/developers/docs/resources/invite#invite-object
type Invite struct {
	Type                     int                `json:"type"` // 0: guild
	Code                     string             `json:"code"`
	Guild                    *InviteGuild       `json:"guild,omitempty"`
	GuildID                  *snowflake.ID      `json:"guild_id,omitempty"`
	Channel                  *ChannelRef        `json:"channel"`
	Inviter                  *User              `json:"inviter,omitempty"`
	TargetType               *int               `json:"target_type,omitempty"`
	TargetUser               *User              `json:"target_user,omitempty"`
	TargetApplication        *InviteApplication `json:"target_application,omitempty"`
	Roles                    []InviteRole       `json:"roles,omitempty"` // that who joins by it gets
	ScheduledEvent           *ScheduledEvent    `json:"guild_scheduled_event,omitempty"`
	ExpiresAt                *Timestamp         `json:"expires_at"`
	ApproximateMemberCount   *int               `json:"approximate_member_count,omitempty"`
	ApproximatePresenceCount *int               `json:"approximate_presence_count,omitempty"`
	Uses                     *int               `json:"uses,omitempty"`
	MaxUses                  *int               `json:"max_uses,omitempty"`
	MaxAge                   *int               `json:"max_age,omitempty"` // seconds; 0: forever
	Temporary                *bool              `json:"temporary,omitempty"`
	CreatedAt                *Timestamp         `json:"created_at,omitempty"`

	Targeted     bool       `json:"-"` // only some users may see and use it
	StoppedUntil *time.Time `json:"-"` // the guild's incident action: nobody can join until then
}

// Vanity reports whether it is the guild's own code, which nobody has made and which doesn't end.
func (i *Invite) Vanity() bool {
	return i.Guild != nil && i.Guild.VanityURLCode != nil && *i.Guild.VanityURLCode == i.Code
}

// InviteRole is a role that an invite gives.
type InviteRole struct {
	ID           snowflake.ID `json:"id"`
	Name         string       `json:"name"`
	Position     int          `json:"position"`
	Color        int          `json:"color"`
	Colors       RoleColors   `json:"colors"`
	Icon         *string      `json:"icon"`
	UnicodeEmoji *string      `json:"unicode_emoji"`
}

// InviteApplication is the application that an invite is for.
type InviteApplication struct {
	ID                  snowflake.ID `json:"id"`
	Name                string       `json:"name"`
	Icon                *string      `json:"icon"`
	Description         string       `json:"description"`
	Type                *int         `json:"type"`
	Bot                 *User        `json:"bot,omitempty"`
	BotPublic           bool         `json:"bot_public"`
	BotRequireCodeGrant bool         `json:"bot_require_code_grant"`
	VerifyKey           string       `json:"verify_key"`
	Flags               int64        `json:"flags"`
	FlagsNew            string       `json:"flags_new"`
	Tags                []string     `json:"tags"`
}

// Invite target types that can be asked for.
// https://discord.com/developers/docs/resources/invite#invite-object-invite-target-types
const (
	InviteToStream      = 1
	InviteToApplication = 2
)

// InviteCreateEvent is the payload of INVITE_CREATE.
type InviteCreateEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	GuildID   snowflake.ID `json:"guild_id"`
	Code      string       `json:"code"`
	CreatedAt Timestamp    `json:"created_at"`
	Inviter   *User        `json:"inviter,omitempty"`
	MaxAge    int          `json:"max_age"`
	MaxUses   int          `json:"max_uses"`
	Temporary bool         `json:"temporary"`
	Uses      int          `json:"uses"`
	ExpiresAt *Timestamp   `json:"expires_at"`

	TargetType        *int               `json:"target_type,omitempty"`
	TargetUser        *User              `json:"target_user,omitempty"`
	TargetApplication *InviteApplication `json:"target_application,omitempty"`
	RoleIDs           []snowflake.ID     `json:"role_ids,omitempty"`
}

// InviteDeleteEvent is the payload of INVITE_DELETE.
type InviteDeleteEvent struct {
	ChannelID snowflake.ID `json:"channel_id"`
	GuildID   snowflake.ID `json:"guild_id"`
	Code      string       `json:"code"`
}

// InviteTargetsJob is how far the platform is with the list of users whom an invite is for.
// https://discord.com/developers/docs/resources/invite#get-target-users-job-status
type InviteTargetsJob struct {
	Status      int        `json:"status"` // 0 none, 1 processing, 2 completed, 3 failed
	Total       int        `json:"total_users"`
	Processed   int        `json:"processed_users"`
	CreatedAt   *Timestamp `json:"created_at"`
	CompletedAt *Timestamp `json:"completed_at"`
	Error       *string    `json:"error_message"`
}
