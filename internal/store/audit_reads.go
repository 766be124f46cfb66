package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// AuditQuery selects entries of a guild's audit log; what is zero does not restrict. With After they come oldest first.
type AuditQuery struct {
	User, Target  snowflake.ID
	Action        discord.AuditAction
	Before, After snowflake.ID
	Limit         int
}

// AuditLog returns entries of a guild's audit log with the objects that they name and that still exist.
func (s *Store) AuditLog(ctx context.Context, guild snowflake.ID, q AuditQuery) (*discord.AuditLog, error) {
	return readOne(ctx, s, func(ctx context.Context, from querier) (*discord.AuditLog, error) {
		return auditLog(ctx, from, guild, q)
	})
}

func auditLog(ctx context.Context, from querier, guild snowflake.ID, q AuditQuery) (*discord.AuditLog, error) {
	direction := `desc`
	if q.After != 0 {
		direction = `asc`
	}
	var target string
	if q.Target != 0 {
		target = q.Target.String()
	}
	log := &discord.AuditLog{}
	var err error
	log.Entries, err = collect(ctx, from, scanAuditEntry, `select id, user_id, target_id, action, changes, options, reason
		from audit_log where guild_id = $1 and id > $2 and ($3::bigint = 0 or id < $3) and ($4::bigint = 0 or user_id = $4)
		and ($5 = '' or target_id = $5) and ($6::int = 0 or action = $6) order by id `+direction+` limit $7`,
		guild, q.After, q.Before, q.User, target, q.Action, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("audit log of guild %s: %w", guild, err)
	}
	if log.Entries == nil {
		log.Entries = []discord.AuditEntry{}
	}
	return log, fillAuditLog(ctx, from, guild, log)
}

func scanAuditEntry(row pgx.Row) (e discord.AuditEntry, err error) {
	err = row.Scan(&e.ID, &e.UserID, &e.TargetID, &e.ActionType, &e.Changes, &e.Options, &e.Reason)
	return e, err
}

// fillAuditLog reads all that the entries name, in one round trip. An id is that of one kind of object only.
func fillAuditLog(ctx context.Context, from querier, guild snowflake.ID, log *discord.AuditLog) error {
	ids := []snowflake.ID{}
	note := func(id *snowflake.ID) {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	for _, e := range log.Entries {
		note(e.UserID)
		for _, text := range []string{or(e.TargetID, ""), e.Options["application_id"]} {
			if id, err := snowflake.Parse(text); err == nil {
				note(&id)
			}
		}
	}
	b := &pgx.Batch{}
	b.Queue(`select `+userColumns+` from users u where u.id = any($1) order by u.id`, ids).Query(collectInto(&log.Users, scanUser))
	b.Queue(`select `+webhookColumns+webhookFrom+`where w.guild_id = $1 and w.id = any($2) order by w.id`, guild, ids).
		Query(collectInto(&log.Webhooks, scanWebhook))
	b.Queue(`select `+threadColumns+threadFrom+`where t.guild_id = $2 and t.id = any($3) order by t.id`, 0, guild, ids).
		Query(collectInto(&log.Threads, scanThread))
	b.Queue(eventQuery+`where e.guild_id = $1 and e.id = any($2) order by e.id`, guild, ids).
		Query(collectInto(&log.ScheduledEvents, scanEvent))
	b.Queue(`select `+commandColumns+` from commands c where c.id = any($1) order by c.id`, ids).
		Query(collectInto(&log.Commands, scanCommand))
	b.Queue(`select `+ruleColumns+` from automod_rules where guild_id = $1 and id = any($2) order by id`, guild, ids).
		Query(collectInto(&log.AutoModRules, scanRule))
	var integrations []discord.Integration
	b.Queue(integrationQuery+`where i.guild_id = $1 and (i.id = any($2) or a.id = any($2)) order by i.id`, guild, ids).
		Query(collectInto(&integrations, scanIntegration))
	if err := from.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("objects of the audit log of guild %s: %w", guild, err)
	}
	log.Integrations = make([]discord.PartialIntegration, len(integrations))
	for n, i := range integrations {
		log.Integrations[n] = discord.PartialIntegration{
			ID: i.ID, Type: i.Type, Name: i.Name, Account: i.Account, ApplicationID: i.Application.ID,
		}
	}
	for n := range log.Webhooks {
		log.Webhooks[n].Token = "" // it is not for everybody who may read the log
	}
	return nil
}
