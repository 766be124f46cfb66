package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Flags of channels.
// https://discord.com/developers/docs/resources/channel#channel-object-channel-flags
const (
	ChannelFlagPinned       = 1 << 1 // a post at the top of its forum
	ChannelFlagRequireTag   = 1 << 4 // of a forum
	ChannelFlagHideDownload = 1 << 15
)

// Thread is what a channel has besides if it is a thread.
// https://discord.com/developers/docs/topics/threads
type Thread struct {
	ThreadMetadata   ThreadMetadata `json:"thread_metadata"`
	MessageCount     int            `json:"message_count"` // without the first, and without what was deleted
	TotalMessageSent int            `json:"total_message_sent"`
	MemberCount      int            `json:"member_count"` // up to MaxThreadMemberCount
	AppliedTags      []snowflake.ID `json:"applied_tags,omitempty"`
	Member           *ThreadMember  `json:"member,omitempty"` // of whoever asks
	NewlyCreated     bool           `json:"newly_created,omitempty"`
	Message          *Message       `json:"message,omitempty"` // the first of a post that was just made
}

// MaxThreadMemberCount is from where on the members of a thread are not counted any more.
const MaxThreadMemberCount = 50

// ThreadMetadata is a thread's state.
// https://discord.com/developers/docs/resources/channel#thread-metadata-object
type ThreadMetadata struct {
	Archived            bool       `json:"archived"`
	AutoArchiveDuration int        `json:"auto_archive_duration"` // minutes
	ArchiveTimestamp    Timestamp  `json:"archive_timestamp"`     // when Archived changed last
	Locked              bool       `json:"locked"`
	Invitable           *bool      `json:"invitable,omitempty"` // of a private one
	CreateTimestamp     *Timestamp `json:"create_timestamp,omitempty"`
}

// ThreadMember is a member of a thread.
// https://discord.com/developers/docs/resources/channel#thread-member-object
type ThreadMember struct {
	ID            snowflake.ID `json:"id"` // of the thread
	UserID        snowflake.ID `json:"user_id"`
	JoinTimestamp Timestamp    `json:"join_timestamp"`
	Flags         int          `json:"flags"`
	Muted         bool         `json:"muted,omitempty"` // these are told to the user alone
	MuteConfig    *MuteConfig  `json:"mute_config,omitempty"`
	Member        *Member      `json:"member,omitempty"`
}

// ThreadMemberUpdateEvent is the payload of THREAD_MEMBER_UPDATE.
type ThreadMemberUpdateEvent struct {
	ThreadMember
	GuildID snowflake.ID `json:"guild_id"`
}

// AddedThreadMember is a new member in a THREAD_MEMBERS_UPDATE. The presence is put in by the gateway.
type AddedThreadMember struct {
	ThreadMember
	Presence *struct{} `json:"presence"`
}

// ThreadMembersUpdateEvent is the payload of THREAD_MEMBERS_UPDATE.
// https://discord.com/developers/docs/events/gateway-events#thread-members-update
type ThreadMembersUpdateEvent struct {
	ID               snowflake.ID        `json:"id"`
	GuildID          snowflake.ID        `json:"guild_id"`
	MemberCount      int                 `json:"member_count"`
	AddedMembers     []AddedThreadMember `json:"added_members,omitempty"`
	RemovedMemberIDs []snowflake.ID      `json:"removed_member_ids,omitempty"`
}

// ThreadDeleteEvent is the payload of THREAD_DELETE.
type ThreadDeleteEvent struct {
	ID       snowflake.ID `json:"id"`
	GuildID  snowflake.ID `json:"guild_id"`
	ParentID snowflake.ID `json:"parent_id"`
	Type     ChannelType  `json:"type"`
}

// ThreadList is a list of threads, and which of them the caller is in.
// https://discord.com/developers/docs/resources/channel#list-public-archived-threads-response-body
type ThreadList struct {
	Threads       []Channel      `json:"threads"`
	Members       []ThreadMember `json:"members"`
	HasMore       bool           `json:"has_more"`
	FirstMessages []Message      `json:"first_messages,omitempty"`
	TotalResults  *int           `json:"total_results,omitempty"` // of a search
}

// Audit-log events of threads.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
const (
	AuditThreadCreate AuditAction = 110
	AuditThreadUpdate AuditAction = 111
	AuditThreadDelete AuditAction = 112
)
