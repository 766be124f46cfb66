package automod

import (
	"context"
	"errors"
	"strconv"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Act does what the broken rules say, in one change: alerts, time-outs, quarantines, the audit log, and the event for those
// who manage the guild.
func (m *Moderator) Act(ctx context.Context, v *Verdict) error {
	if v == nil {
		return nil
	}
	// The client that is blocked may have gone; the rules act all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), actTimeout)
	defer cancel()
	return m.store.Change(ctx, func(tx *store.Tx) error {
		// What of a member changes, changes under the guild's lock.
		err := tx.LockGuild(ctx, v.guild)
		if errors.Is(err, store.ErrNotFound) {
			return nil // deleted meanwhile, with its rules
		}
		if err != nil {
			return err
		}
		return v.act(ctx, tx)
	})
}

// act is Act within a change that holds the guild.
func (v *Verdict) act(ctx context.Context, tx *store.Tx) error {
	for _, hit := range v.hits {
		for _, action := range hit.Rule.Actions {
			e := execution{Verdict: v, tx: tx, rule: hit.Rule, action: action, text: hit.Text, keyword: hit.Keyword, matched: hit.Matched}
			if err := e.run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

const actTimeout = 8 * time.Second

// execution is one action on its way.
type execution struct {
	*Verdict
	tx               *store.Tx
	rule             *discord.AutoModRule
	action           discord.AutoModAction
	text             string
	keyword, matched *string
	alert            *snowflake.ID
}

func (e *execution) run(ctx context.Context) error {
	var done bool
	var err error
	switch e.action.Type {
	case discord.AutoModBlock:
		done = true
	case discord.AutoModAlert:
		done, err = e.send(ctx)
	case discord.AutoModTimeOut:
		done, err = e.timeOut(ctx)
	case discord.AutoModQuarantine:
		done, err = e.quarantine(ctx)
	}
	if err != nil || !done {
		return err
	}
	if err := e.record(ctx); err != nil {
		return err
	}
	head := events.Header{Type: discord.EventAutoModActionExecution, Guild: e.guild, User: e.user.ID, Needs: permissions.ManageGuild}
	return e.tx.Emit(e.guild, head, discord.AutoModExecution{
		GuildID: e.guild, Action: e.action, RuleID: e.rule.ID, TriggerType: e.rule.TriggerType, UserID: e.user.ID,
		ChannelID: orNil(e.channel), MessageID: e.message, AlertID: e.alert,
		Content: e.text, MatchedKeyword: e.keyword, MatchedContent: e.matched,
	})
}

func orNil(id snowflake.ID) *snowflake.ID {
	if id == 0 {
		return nil
	}
	return &id
}

// timeOut puts the author on time-out, unless a longer one is running. A webhook, or who has left, has no membership.
func (e *execution) timeOut(ctx context.Context) (done bool, err error) {
	member, err := e.tx.Member(ctx, e.guild, e.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	until := discord.At(time.Now().Add(time.Duration(*e.action.Metadata.DurationSeconds) * time.Second))
	if is := member.CommunicationDisabledUntil; is != nil && is.After(until.Time) {
		return true, nil
	}
	member.CommunicationDisabledUntil = &until
	return true, e.tx.UpdateMember(ctx, e.guild, member)
}

// quarantine takes a member's permissions until it is called something else.
func (e *execution) quarantine(ctx context.Context) (done bool, err error) {
	member, err := e.tx.Member(ctx, e.guild, e.user.ID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil || member.Flags&discord.MemberQuarantinedName != 0 {
		return false, err
	}
	member.Flags |= discord.MemberQuarantinedName
	return true, e.tx.UpdateMember(ctx, e.guild, member)
}

// audited are the audit-log events of actions.
var audited = map[discord.AutoModActionType]discord.AuditAction{
	discord.AutoModBlock: discord.AuditAutoModBlock, discord.AutoModAlert: discord.AuditAutoModAlert,
	discord.AutoModTimeOut: discord.AuditAutoModTimeOut, discord.AutoModQuarantine: discord.AuditAutoModQuarantine,
}

// record writes the audit log.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-optional-audit-entry-info
func (e *execution) record(ctx context.Context) error {
	target := e.user.ID.String()
	options := map[string]string{
		"auto_moderation_rule_name":         e.rule.Name,
		"auto_moderation_rule_trigger_type": strconv.Itoa(int(e.rule.TriggerType)),
	}
	if e.channel != 0 {
		options["channel_id"] = e.channel.String()
	}
	return e.tx.Audit(ctx, e.guild, discord.AuditEntry{
		ActionType: audited[e.action.Type], UserID: &e.user.ID, TargetID: &target, Options: options,
	})
}
