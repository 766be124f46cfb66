package members

import (
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxFound, defaultFound = 1000, 25
	// maxWanted bounds the values of one condition.
	maxWanted = 100
	// maxSupplemental is how many members can be asked for at once.
	maxSupplemental = 200
	// latest is the last time that can be asked for, in milliseconds: the end of the year 9999.
	latest = 253402300799999
)

// Orders of members.
// https://docs.discord.food/resources/guild#member-sort-type
const (
	newestFirst = 1 + iota
	oldestFirst
	highestFirst
	lowestFirst
)

// either is a condition on one value; both is one that several values may have to meet.
type (
	either[T any] struct {
		Or []T `json:"or_query"`
	}
	both struct {
		Or  []snowflake.ID `json:"or_query"`
		And []snowflake.ID `json:"and_query"`
	}
	between[T any] struct {
		Range struct {
			From *T `json:"gte"`
			To   *T `json:"lte"`
		} `json:"range"`
	}
	// users may be listed, or be all of a range.
	users struct {
		either[snowflake.ID]
		between[snowflake.ID]
	}
)

// wanted are conditions that members meet, those that are there.
// https://docs.discord.food/resources/guild#search-guild-members
type wanted struct {
	Users    users             `json:"user_id"`
	Names    either[string]    `json:"usernames"`
	Roles    both              `json:"role_ids"`
	Joined   between[form.Int] `json:"guild_joined_at"` // milliseconds since 1970
	Pending  *bool             `json:"is_pending"`
	Rejoined *bool             `json:"did_rejoin"`
	Sources  either[int]       `json:"join_source_type"`
	Invites  either[string]    `json:"source_invite_code"`
	Signals  struct {
		TimedOut    between[form.Int] `json:"communication_disabled_until"`
		Quarantined *bool             `json:"automod_quarantined_username"`
		Unusual     *bool             `json:"unusual_account_activity"`
	} `json:"safety_signals"`
}

type place struct {
	User   snowflake.ID `json:"user_id"`
	Joined form.Int     `json:"guild_joined_at"`
}

type search struct {
	Limit  form.Field[form.Int] `json:"limit"`
	Sort   form.Field[form.Int] `json:"sort"`
	All    wanted               `json:"and_query"`
	Any    wanted               `json:"or_query"`
	After  *place               `json:"after"`
	Before *place               `json:"before"`
}

// query checks the body and makes the store's query of it.
func (s *search) query() (store.MemberQuery, error) {
	var p form.Problems
	p.Range("limit", int64(s.Limit.Or(defaultFound)), 1, maxFound)
	sort := s.Sort.Or(newestFirst)
	p.Range("sort", int64(sort), newestFirst, lowestFirst)
	q := store.MemberQuery{
		All: s.All.filter(&p, "and_query"), Any: s.Any.filter(&p, "or_query"),
		ByID: sort >= highestFirst, Ascending: sort == oldestFirst || sort == lowestFirst,
		After: s.After.place(&p, "after"), Before: s.Before.place(&p, "before"),
		Limit: int(s.Limit.Or(defaultFound)),
	}
	return q, p.Err()
}

func (w *wanted) filter(p *form.Problems, at string) store.MemberFilter {
	for name, n := range map[string]int{
		"user_id.or_query": len(w.Users.Or), "usernames.or_query": len(w.Names.Or), "role_ids.or_query": len(w.Roles.Or),
		"role_ids.and_query": len(w.Roles.And), "join_source_type.or_query": len(w.Sources.Or), "source_invite_code.or_query": len(w.Invites.Or),
	} {
		p.Max(at+"."+name, n, maxWanted)
	}
	for i, name := range w.Names.Or {
		p.Length(at+".usernames.or_query."+strconv.Itoa(i), name, 1, maxQuery)
	}
	f := store.MemberFilter{
		Users: w.Users.Or, UserFrom: w.Users.Range.From, UserTo: w.Users.Range.To, Names: w.Names.Or, AnyRole: w.Roles.Or, AllRoles: w.Roles.And,
		Pending: w.Pending, Rejoined: w.Rejoined, Sources: w.Sources.Or, Invites: w.Invites.Or,
		Quarantined: w.Signals.Quarantined, UnusualActivity: w.Signals.Unusual,
	}
	f.JoinedFrom, f.JoinedTo = times(p, at+".guild_joined_at.range", w.Joined)
	f.TimedOutFrom, f.TimedOutTo = times(p, at+".safety_signals.communication_disabled_until.range", w.Signals.TimedOut)
	return f
}

// times are the beginning of a range of milliseconds and the end that no longer belongs to it.
func times(p *form.Problems, at string, b between[form.Int]) (from, to *time.Time) {
	return moment(p, at+".gte", b.Range.From, 0), moment(p, at+".lte", b.Range.To, time.Millisecond)
}

func moment(p *form.Problems, at string, ms *form.Int, later time.Duration) *time.Time {
	if ms == nil {
		return nil
	}
	p.Range(at, int64(*ms), 0, latest)
	t := time.UnixMilli(int64(*ms)).Add(later)
	return &t
}

func (s *place) place(p *form.Problems, at string) *store.MemberPlace {
	if s == nil {
		return nil
	}
	joined := moment(p, at+".guild_joined_at", &s.Joined, 0)
	return &store.MemberPlace{User: s.User, Joined: *joined}
}

// find searches the members by how they have come, their roles and more, as those who manage the guild see them.
// https://docs.discord.food/resources/guild#search-guild-members
func (h *Handlers) find(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var body search
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := h.mayManage(c, guild); err != nil {
		return err
	}
	query, err := body.query()
	if err != nil {
		return err
	}
	found, total, err := h.store.FindMembers(c.Request.Context(), guild, query)
	if err != nil {
		return err
	}
	return c.OK(struct {
		GuildID snowflake.ID                 `json:"guild_id"`
		Members []discord.SupplementalMember `json:"members"`
		Count   int                          `json:"page_result_count"`
		Total   int                          `json:"total_result_count"`
	}{guild, listed(found), len(found), total})
}

// supplemental tells how members have come.
// https://docs.discord.food/resources/guild#get-guild-members-supplemental
func (h *Handlers) supplemental(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var body struct {
		Users form.IDs `json:"user_ids"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if err := h.mayManage(c, guild); err != nil {
		return err
	}
	var p form.Problems
	p.Max("user_ids", len(body.Users), maxSupplemental)
	if err := p.Err(); err != nil {
		return err
	}
	found, err := h.store.SupplementalMembers(c.Request.Context(), guild, body.Users)
	if err != nil {
		return err
	}
	return c.OK(listed(found))
}

func (h *Handlers) mayManage(c *call.Call, guild snowflake.ID) error {
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	return visit.Need(permissions.ManageGuild)
}

func listed(found []discord.SupplementalMember) []discord.SupplementalMember {
	if found == nil {
		return []discord.SupplementalMember{}
	}
	return found
}
