package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// MemberQuery says which members of a guild are looked for: those who meet all of All and, unless Any is empty, one of Any.
type MemberQuery struct {
	All, Any MemberFilter

	ByID      bool // in the order of their ids, not of the times they joined at
	Ascending bool
	// After and Before are members at whose other side the page lies, in that order; nil for none.
	After, Before *MemberPlace
	Limit         int
}

// MemberPlace is a member's place in the order of joining; the time is to the millisecond, for one that has left meanwhile.
type MemberPlace struct {
	User   snowflake.ID
	Joined time.Time
}

// MemberFilter is a number of conditions, each of which is there unless it is nil or empty.
type MemberFilter struct {
	Users                    []snowflake.ID
	UserFrom, UserTo         *snowflake.ID
	Names                    []string // beginnings of usernames, display names and nicknames, whatever the case
	AnyRole, AllRoles        []snowflake.ID
	JoinedFrom, JoinedTo     *time.Time
	TimedOutFrom, TimedOutTo *time.Time
	Pending, Rejoined        *bool
	Sources                  []int
	Invites                  []string
	Quarantined              *bool // for its name, by auto-moderation
	UnusualActivity          *bool // which nobody looks for here
}

// predicate builds a condition in SQL with its arguments.
type predicate struct {
	parts []string
	args  []any
}

// add adds a part in which $ stands for the argument.
func (p *predicate) add(part string, arg any) {
	p.args = append(p.args, arg)
	p.parts = append(p.parts, strings.ReplaceAll(part, "$", fmt.Sprintf("$%d", len(p.args))))
}

// rejoined is the flag of a member who has been one before. Nothing sets it yet.
// https://discord.com/developers/docs/resources/guild#guild-member-object-guild-member-flags
const rejoined = "(m.flags & 1) <> 0"

func (p *predicate) filter(f MemberFilter) {
	p.ids("m.user_id = any($)", f.Users)
	p.ids("m.roles && $", f.AnyRole)
	p.ids("m.roles @> $", f.AllRoles)
	if f.UserFrom != nil {
		p.add("m.user_id >= $", *f.UserFrom)
	}
	if f.UserTo != nil {
		p.add("m.user_id <= $", *f.UserTo)
	}
	p.time("m.joined_at >= $", f.JoinedFrom)
	p.time("m.joined_at < $", f.JoinedTo)
	p.time("m.timed_out_until >= $", f.TimedOutFrom)
	p.time("m.timed_out_until < $", f.TimedOutTo)
	p.flag("m.pending", f.Pending)
	p.flag(rejoined, f.Rejoined)
	p.flag(fmt.Sprintf("m.flags & %d <> 0", discord.MemberQuarantinedName), f.Quarantined)
	p.flag("false", f.UnusualActivity)
	if len(f.Names) > 0 {
		p.add(`exists (select from unnest(array[u.username, u.global_name, m.nick]) as name, unnest($::text[]) as beginning
			where starts_with(lower(name collate "und-x-icu"), lower(beginning collate "und-x-icu")))`, f.Names)
	}
	if len(f.Sources) > 0 {
		p.add("m.source = any($::bigint[])", f.Sources)
	}
	if len(f.Invites) > 0 {
		p.add("m.source_code = any($)", f.Invites)
	}
}

func (p *predicate) ids(part string, ids []snowflake.ID) {
	if len(ids) > 0 {
		p.add(part, ids)
	}
}

func (p *predicate) time(part string, at *time.Time) {
	if at != nil {
		p.add(part, *at)
	}
}

func (p *predicate) flag(is string, wanted *bool) {
	if wanted != nil {
		p.add("("+is+") = $", *wanted)
	}
}

// members is the condition of a query without its place.
func (q MemberQuery) members(guild snowflake.ID) *predicate {
	p := &predicate{}
	p.add("m.guild_id = $", guild)
	p.filter(q.All)
	either := &predicate{args: p.args}
	either.filter(q.Any)
	if len(either.parts) > 0 {
		p.args = either.args
		p.parts = append(p.parts, "("+strings.Join(either.parts, " or ")+")")
	}
	return p
}

// place adds that a member comes after another in the order, or before.
func (p *predicate) place(q MemberQuery, at *MemberPlace, after bool) {
	if at == nil {
		return
	}
	than := ">"
	if after != q.Ascending {
		than = "<"
	}
	if q.ByID {
		p.add("m.user_id "+than+" $", at.User)
		return
	}
	// The client knows milliseconds only; who still is a member has the exact time.
	p.args = append(p.args, at.User, at.Joined)
	user, joined := fmt.Sprintf("$%d", len(p.args)-1), fmt.Sprintf("$%d", len(p.args))
	p.parts = append(p.parts, `(m.joined_at, m.user_id) `+than+` (coalesce((select joined_at from members
		where guild_id = $1 and user_id = `+user+`), `+joined+`), `+user+`)`)
}

const supplementalColumns = memberColumns + `, m.source, m.source_code, m.source_user`

func scanSupplemental(row pgx.Row) (s discord.SupplementalMember, err error) {
	s.Member, err = scanMember(withLast{withLast{withLast{row, &s.InviterID}, &s.SourceInviteCode}, &s.JoinSourceType})
	if err == nil {
		s.UserID = s.Member.User.ID
	}
	return s, err
}

func scanInt(row pgx.Row) (n int, err error) {
	err = row.Scan(&n)
	return n, err
}

// FindMembers returns a page of the members that are looked for, and how many there are of them in all.
func (s *Store) FindMembers(ctx context.Context, guild snowflake.ID, q MemberQuery) (page []discord.SupplementalMember, total int, err error) {
	all := q.members(guild)
	counted, err := list(ctx, s, scanInt,
		`select count(*)`+memberFrom+`where `+strings.Join(all.parts, " and "), all.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("count members of guild %s: %w", guild, err)
	}
	all.place(q, q.After, true)
	all.place(q, q.Before, false)
	// A page before another is what is next to that, so it is read from there.
	backwards := q.Before != nil && q.After == nil
	ascending := q.Ascending != backwards
	order := map[bool]string{true: "m.user_id", false: "m.joined_at, m.user_id"}[q.ByID]
	if !ascending {
		order = strings.ReplaceAll(order, ",", " desc,") + " desc"
	}
	all.args = append(all.args, q.Limit)
	page, err = list(ctx, s, scanSupplemental, `select `+supplementalColumns+memberFrom+`where `+strings.Join(all.parts, " and ")+
		` order by `+order+fmt.Sprintf(" limit $%d", len(all.args)), all.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("find members of guild %s: %w", guild, err)
	}
	if backwards {
		slices.Reverse(page)
	}
	return page, counted[0], nil
}

// SupplementalMembers returns those of the users who are members of a guild, in the order of their ids.
func (s *Store) SupplementalMembers(ctx context.Context, guild snowflake.ID, users []snowflake.ID) ([]discord.SupplementalMember, error) {
	found, err := list(ctx, s, scanSupplemental, `select `+supplementalColumns+memberFrom+`
		where m.guild_id = $1 and m.user_id = any($2) order by m.user_id`, guild, users)
	if err != nil {
		return nil, fmt.Errorf("members of guild %s: %w", guild, err)
	}
	return found, nil
}
