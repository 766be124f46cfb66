package discord

import "guildhall.chat/guildhall/internal/snowflake"

// JoinSource is how a member has come.
// https://docs.discord.food/resources/guild#join-source-type
type JoinSource int

// Sources that there are here.
const (
	JoinUnspecified JoinSource = 0
	JoinByBot       JoinSource = 1 // a bot added the user, with an access token
	JoinByDiscovery JoinSource = 3
	JoinByInvite    JoinSource = 5
	JoinByVanity    JoinSource = 6 // the guild's own code
)

// SupplementalMember is a member with how it has come, for those who manage the guild.
// https://docs.discord.food/resources/guild#supplemental-guild-member-object
type SupplementalMember struct {
	UserID           snowflake.ID  `json:"user_id"`
	Member           Member        `json:"member"`
	SourceInviteCode *string       `json:"source_invite_code"`
	JoinSourceType   JoinSource    `json:"join_source_type"`
	InviterID        *snowflake.ID `json:"inviter_id"`
}
