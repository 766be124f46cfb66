package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// States of the job that reads an invite's list of users.
// https://discord.com/developers/docs/resources/invite#get-target-users-job-status
const (
	targetsProcessing = 1
	targetsCompleted  = 2
	targetsFailed     = 3
)

// targetsStep is how many users one step of the job takes in.
const targetsStep = 1000

// TargetInvite makes an invite one for these users alone. They are taken in by the worker; until then nobody may use it.
func (tx *Tx) TargetInvite(ctx context.Context, code string, users []snowflake.ID) error {
	_, err := tx.Exec(ctx, `with marked as (update invites set targeted = true where code = $1),
			forgotten as (delete from invite_targets where code = $1)
		insert into invite_target_jobs (code, status, user_ids) values ($1, $3, $2)
		on conflict (code) do update set status = $3, user_ids = $2, processed = 0, created_at = now(), completed_at = null,
			error = null`, code, users, targetsProcessing)
	if err != nil {
		return fmt.Errorf("set whom invite is for: %w", err)
	}
	return nil
}

// InviteAdmits reports whether an invite that is for some users alone is for this one.
func (s *Store) InviteAdmits(ctx context.Context, code string, user snowflake.ID) (bool, error) {
	return inviteAdmits(ctx, s.pool, code, user)
}

// InviteAdmits is Store.InviteAdmits within a change.
func (tx *Tx) InviteAdmits(ctx context.Context, code string, user snowflake.ID) (bool, error) {
	return inviteAdmits(ctx, tx, code, user)
}

func inviteAdmits(ctx context.Context, q querier, code string, user snowflake.ID) (admits bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from invite_targets where code = $1 and user_id = $2)`, code, user).Scan(&admits)
	if err != nil {
		return false, fmt.Errorf("whom invite is for: %w", err)
	}
	return admits, nil
}

// InviteTargets returns the users as they were given, and how far the worker is with them; nothing for an invite that is for
// everybody.
func (s *Store) InviteTargets(ctx context.Context, code string) (users []snowflake.ID, job discord.InviteTargetsJob, err error) {
	row := s.pool.QueryRow(ctx, `select user_ids, status, cardinality(user_ids), processed, created_at, completed_at, error
		from invite_target_jobs where code = $1`, code)
	var created, completed *time.Time
	err = notFound(row.Scan(&users, &job.Status, &job.Total, &job.Processed, &created, &completed, &job.Error))
	if errors.Is(err, ErrNotFound) {
		return nil, job, nil
	}
	if err != nil {
		return nil, job, fmt.Errorf("whom invite is for: %w", err)
	}
	job.CreatedAt, job.CompletedAt = discord.AtOrNil(created), discord.AtOrNil(completed)
	return users, job, nil
}

// TakeInviteTargets does a step of the oldest unfinished list and reports whether there was one.
func (s *Store) TakeInviteTargets(ctx context.Context) (found bool, err error) {
	err = s.Change(ctx, func(tx *Tx) error {
		var code string
		var users []snowflake.ID
		var done int
		row := tx.QueryRow(ctx, `select code, user_ids, processed from invite_target_jobs where status = $1
			order by created_at limit 1 for update skip locked`, targetsProcessing)
		if err := notFound(row.Scan(&code, &users, &done)); errors.Is(err, ErrNotFound) {
			return nil
		} else if err != nil {
			return fmt.Errorf("next list of an invite's users: %w", err)
		}
		found = true
		step := users[done:min(done+targetsStep, len(users))]
		_, err := tx.Exec(ctx, `insert into invite_targets (code, user_id) select $1, id from users where id = any($2)
			on conflict do nothing`, code, step)
		if err != nil {
			return fmt.Errorf("take in users of an invite: %w", err)
		}
		if done += len(step); done < len(users) {
			_, err = tx.Exec(ctx, `update invite_target_jobs set processed = $2 where code = $1`, code, done)
			return err
		}
		_, err = tx.Exec(ctx, `with found as (select exists (select from invite_targets where code = $1) as any)
			update invite_target_jobs set processed = $2, completed_at = now(), status = case when found.any then $3::smallint else $4::smallint end,
				error = case when found.any then null else 'None of the users exists.' end from found where code = $1`,
			code, done, targetsCompleted, targetsFailed)
		return err
	})
	return found, err
}
