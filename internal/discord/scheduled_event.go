package discord

import "guildhall.chat/guildhall/internal/snowflake"

// ScheduledEvent is something that a guild plans.
// https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-object
type ScheduledEvent struct {
	ID             snowflake.ID     `json:"id"`
	GuildID        snowflake.ID     `json:"guild_id"`
	ChannelID      *snowflake.ID    `json:"channel_id"`
	CreatorID      *snowflake.ID    `json:"creator_id"`
	Creator        *User            `json:"creator,omitempty"`
	Name           string           `json:"name"`
	Description    *string          `json:"description"`
	Image          *string          `json:"image"`
	Start          Timestamp        `json:"scheduled_start_time"`
	End            *Timestamp       `json:"scheduled_end_time"`
	PrivacyLevel   int              `json:"privacy_level"` // 2: its members only
	Status         EventStatus      `json:"status"`
	EntityType     EntityType       `json:"entity_type"`
	EntityID       *snowflake.ID    `json:"entity_id"` // of a stage instance: none here
	EntityMetadata *EntityMetadata  `json:"entity_metadata"`
	Recurrence     *RecurrenceRule  `json:"recurrence_rule"`
	Exceptions     []EventException `json:"guild_scheduled_event_exceptions"`
	UserCount      *int             `json:"user_count,omitempty"`
}

// EventStatus is how far an event is.
type EventStatus int

// Statuses. Only scheduled -> active -> completed and scheduled -> canceled are possible.
const (
	EventScheduled EventStatus = 1
	EventActive    EventStatus = 2
	EventCompleted EventStatus = 3
	EventCanceled  EventStatus = 4
)

// Over reports whether the event can't change any more.
func (s EventStatus) Over() bool { return s == EventCompleted || s == EventCanceled }

// EntityType is where an event takes place.
type EntityType int

// Entity types.
const (
	EntityStage    EntityType = 1
	EntityVoice    EntityType = 2
	EntityExternal EntityType = 3
)

// EntityMetadata is the place of an external event.
type EntityMetadata struct {
	Location string `json:"location"`
}

// RecurrenceRule says when an event is again: a part of iCalendar's rules.
// https://discord.com/developers/docs/resources/guild-scheduled-event#guild-scheduled-event-recurrence-rule-object
type RecurrenceRule struct {
	Start      Timestamp  `json:"start"`
	End        *Timestamp `json:"end"`
	Frequency  int        `json:"frequency"` // 0 yearly, 1 monthly, 2 weekly, 3 daily
	Interval   int        `json:"interval"`
	ByWeekday  []int      `json:"by_weekday"` // 0 is Monday
	ByNWeekday []NWeekday `json:"by_n_weekday"`
	ByMonth    []int      `json:"by_month"`
	ByMonthDay []int      `json:"by_month_day"`
	ByYearDay  []int      `json:"by_year_day"`
	Count      *int       `json:"count"`
}

// NWeekday is a weekday of a month: the third Thursday.
type NWeekday struct {
	N   int `json:"n"`
	Day int `json:"day"`
}

// EventException is an occurrence of a recurring event that is otherwise than the rule says.
type EventException struct {
	EventID  snowflake.ID `json:"event_id"`
	ID       snowflake.ID `json:"event_exception_id"` // made of when it would have been
	Start    *Timestamp   `json:"scheduled_start_time"`
	End      *Timestamp   `json:"scheduled_end_time"`
	Canceled bool         `json:"is_canceled"`
}

// EventUser is somebody's answer to an event.
type EventUser struct {
	EventID     snowflake.ID  `json:"guild_scheduled_event_id"`
	ExceptionID *snowflake.ID `json:"guild_scheduled_event_exception_id"`
	UserID      snowflake.ID  `json:"user_id"`
	User        *User         `json:"user,omitempty"`
	Member      *Member       `json:"member,omitempty"`
	Response    int           `json:"response"` // 0 uninterested, 1 interested
}

// EventUserEvent is the payload of GUILD_SCHEDULED_EVENT_USER_ADD and _REMOVE.
type EventUserEvent struct {
	EventID     snowflake.ID  `json:"guild_scheduled_event_id"`
	ExceptionID *snowflake.ID `json:"guild_scheduled_event_exception_id,omitempty"`
	UserID      snowflake.ID  `json:"user_id"`
	GuildID     snowflake.ID  `json:"guild_id"`
}
