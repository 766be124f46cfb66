package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const requestQuery = `select r.id, r.guild_id, r.user_id, r.status, r.responses, r.rejection, r.reviewed_at, r.reviewer_id, ` +
	userColumns + ` from join_requests r join users u on u.id = r.user_id `

// scanRequest reads a join request; of who reviewed it only the id.
func scanRequest(row pgx.Row) (discord.JoinRequest, error) {
	r := discord.JoinRequest{User: &discord.User{}}
	var reviewed *time.Time
	var reviewer *snowflake.ID
	err := row.Scan(append([]any{&r.ID, &r.GuildID, &r.UserID, &r.Status, &r.Responses, &r.RejectionReason, &reviewed,
		&reviewer}, userTargets(r.User)...)...)
	r.CreatedAt, r.ReviewedAt = discord.At(r.ID.Time()), discord.AtOrNil(reviewed)
	if reviewer != nil {
		r.ActionedBy = &discord.User{ID: *reviewer}
	}
	return r, err
}

// JoinRequests returns a page of a guild's requests with a status, newest first, or oldest first after a place, and how many
// there are. An empty status is any.
func (s *Store) JoinRequests(ctx context.Context, guild snowflake.ID, status string, page Page) (list []discord.JoinRequest, total int, err error) {
	direction := `desc`
	if page.After != 0 {
		direction = `asc`
	}
	err = s.pool.QueryRow(ctx, `select count(*) from join_requests where guild_id = $1 and ($2 = '' or status = $2)`,
		guild, status).Scan(&total)
	if err != nil {
		return nil, 0, fmt.Errorf("count join requests of guild %s: %w", guild, err)
	}
	list, err = collect(ctx, s.pool, scanRequest, requestQuery+`where r.guild_id = $1 and ($2 = '' or r.status = $2)
		and r.id > $3 and ($4::bigint = 0 or r.id < $4) order by r.id `+direction+` limit $5`,
		guild, status, page.After, page.Before, page.Limit)
	if err != nil {
		return nil, 0, fmt.Errorf("join requests of guild %s: %w", guild, err)
	}
	return list, total, fillReviewers(ctx, s.pool, list)
}

func fillReviewers(ctx context.Context, q querier, list []discord.JoinRequest) error {
	var ids []snowflake.ID
	for _, r := range list {
		if r.ActionedBy != nil {
			ids = append(ids, r.ActionedBy.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	users, err := collect(ctx, q, scanUser, `select `+userColumns+` from users u where u.id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("who reviewed join requests: %w", err)
	}
	for n := range list {
		by := list[n].ActionedBy
		if by == nil {
			continue
		}
		list[n].ActionedBy = nil
		if at := slices.IndexFunc(users, func(u discord.User) bool { return u.ID == by.ID }); at >= 0 {
			list[n].ActionedBy = &users[at]
		}
	}
	return nil
}

// JoinRequest returns one of a guild's requests; ErrNotFound if it has none of the id.
func (tx *Tx) JoinRequest(ctx context.Context, guild, id snowflake.ID) (discord.JoinRequest, error) {
	return joinRequest(ctx, tx, `r.guild_id = $1 and r.id = $2`, guild, id)
}

// JoinRequestOf returns a user's request to a guild; ErrNotFound if there is none.
func (s *Store) JoinRequestOf(ctx context.Context, guild, user snowflake.ID) (discord.JoinRequest, error) {
	return joinRequest(ctx, s.pool, `r.guild_id = $1 and r.user_id = $2`, guild, user)
}

// JoinRequestOf is Store.JoinRequestOf within a change.
func (tx *Tx) JoinRequestOf(ctx context.Context, guild, user snowflake.ID) (discord.JoinRequest, error) {
	return joinRequest(ctx, tx, `r.guild_id = $1 and r.user_id = $2`, guild, user)
}

func joinRequest(ctx context.Context, q querier, where string, args ...any) (discord.JoinRequest, error) {
	r, err := scanRequest(q.QueryRow(ctx, requestQuery+`where `+where, args...))
	if err != nil {
		return r, fmt.Errorf("join request: %w", notFound(err))
	}
	one := []discord.JoinRequest{r}
	err = fillReviewers(ctx, q, one)
	return one[0], err
}

// PutJoinRequest writes a user's request, of which there is one a guild, and tells the user and who may review it.
func (tx *Tx) PutJoinRequest(ctx context.Context, r discord.JoinRequest) (discord.JoinRequest, error) {
	var by *snowflake.ID
	if r.ActionedBy != nil {
		by = &r.ActionedBy.ID
	}
	var created bool
	err := tx.QueryRow(ctx, `insert into join_requests (id, guild_id, user_id, status, responses, rejection, reviewed_at, reviewer_id)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (guild_id, user_id) do update set status = $4, responses = $5,
			rejection = $6, reviewed_at = $7, reviewer_id = $8 returning xmax = 0`,
		r.ID, r.GuildID, r.UserID, r.Status, r.Responses, r.RejectionReason, timeOrNil(r.ReviewedAt), by).Scan(&created)
	if err != nil {
		return r, fmt.Errorf("write join request: %w", err)
	}
	now, err := tx.JoinRequestOf(ctx, r.GuildID, r.UserID)
	if err != nil {
		return now, err
	}
	kind := discord.EventJoinRequestUpdate
	if created {
		kind = discord.EventJoinRequestCreate
	}
	return now, tx.emitRequest(kind, now, discord.JoinRequestEvent{GuildID: now.GuildID, Status: now.Status, Request: now})
}

// DeleteJoinRequest forgets a request.
func (tx *Tx) DeleteJoinRequest(ctx context.Context, r discord.JoinRequest) error {
	if err := found(tx.Exec(ctx, `delete from join_requests where id = $1`, r.ID)); err != nil {
		return fmt.Errorf("delete join request: %w", err)
	}
	return tx.emitRequest(discord.EventJoinRequestDelete, r,
		discord.JoinRequestDeleteEvent{ID: r.ID, GuildID: r.GuildID, UserID: r.UserID})
}

func (tx *Tx) emitRequest(kind string, r discord.JoinRequest, data any) error {
	head := events.Header{Type: kind, Guild: r.GuildID, User: r.UserID, Needs: permissions.KickMembers}
	if err := tx.Emit(r.GuildID, head, data); err != nil {
		return err
	}
	return tx.Emit(r.UserID, events.Header{Type: kind, User: r.UserID}, data)
}
