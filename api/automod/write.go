package automod

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// most is how many rules of a trigger a guild may have.
// https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object-trigger-types
func most(t discord.AutoModTrigger) int {
	if t == discord.AutoModKeyword {
		return 6
	}
	return 1
}

// create adds a rule.
// https://discord.com/developers/docs/resources/auto-moderation#create-auto-moderation-rule
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	for field, set := range map[string]bool{
		"name": b.Name.Set, "event_type": b.EventType.Set, "trigger_type": b.TriggerType.Set, "actions": b.Actions.Set,
	} {
		if !set {
			p.Required(field)
		}
	}
	if b.TriggerType.Set {
		form.OneOf(&p, "trigger_type", b.TriggerType.Value, 1, 3, 4, 5, 6)
	}
	if err := p.Err(); err != nil {
		return err
	}
	var rule discord.AutoModRule
	err = h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		rule = discord.AutoModRule{
			ID: tx.NewID(), GuildID: guild, CreatorID: c.Caller.UserID, TriggerType: discord.AutoModTrigger(b.TriggerType.Value),
			ExemptRoles: []snowflake.ID{}, ExemptChannels: []snowflake.ID{},
		}
		if err := b.check(v, &rule); err != nil {
			return err
		}
		if count(v.Guild.AutoMod, rule.TriggerType) >= most(rule.TriggerType) {
			return form.Single("", "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED", "The guild has as many rules of this trigger as it may have.")
		}
		if err := tx.InsertRule(c.Request.Context(), rule); err != nil {
			return err
		}
		return changed(c, tx, discord.EventAutoModRuleCreate, discord.AuditAutoModCreate, nil, &rule)
	})
	if err != nil {
		return err
	}
	return c.OK(rule)
}

// check applies the body to a rule and tells what is wrong with it.
func (b *body) check(v *access.Visit, rule *discord.AutoModRule) error {
	var p form.Problems
	b.apply(&p, v, rule)
	if err := p.Err(); err != nil {
		return err
	}
	if b.Actions.Set {
		return v.Need(needs(rule.Actions))
	}
	return nil
}

func count(list []discord.AutoModRule, t discord.AutoModTrigger) (n int) {
	for i := range list {
		if list[i].TriggerType == t {
			n++
		}
	}
	return n
}

// update changes a rule; its trigger type stays.
// https://discord.com/developers/docs/resources/auto-moderation#modify-auto-moderation-rule
func (h *Handlers) update(c *call.Call) error {
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	var rule discord.AutoModRule
	err := h.change(c, func(tx *store.Tx, v *access.Visit, was discord.AutoModRule) error {
		rule = was
		if err := b.check(v, &rule); err != nil {
			return err
		}
		if err := tx.UpdateRule(c.Request.Context(), rule); err != nil {
			return err
		}
		return changed(c, tx, discord.EventAutoModRuleUpdate, discord.AuditAutoModUpdate, &was, &rule)
	})
	if err != nil {
		return err
	}
	return c.OK(rule)
}

// remove deletes a rule.
// https://discord.com/developers/docs/resources/auto-moderation#delete-auto-moderation-rule
func (h *Handlers) remove(c *call.Call) error {
	err := h.change(c, func(tx *store.Tx, _ *access.Visit, was discord.AutoModRule) error {
		if err := tx.DeleteRule(c.Request.Context(), was.ID); err != nil {
			return err
		}
		return changed(c, tx, discord.EventAutoModRuleDelete, discord.AuditAutoModDelete, &was, nil)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// change runs fn with the rule of the path under the guild's lock.
func (h *Handlers) change(c *call.Call, fn func(tx *store.Tx, v *access.Visit, was discord.AutoModRule) error) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	return h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		was, err := ruleOf(c, v.Guild.AutoMod)
		if err != nil {
			return err
		}
		return fn(tx, v, was)
	})
}

// changed writes the audit log and tells those who manage the guild. The event moves the guild's version: the rules are
// held with the guild.
func changed(c *call.Call, tx *store.Tx, event string, action discord.AuditAction, was, is *discord.AutoModRule) error {
	rule := is
	if rule == nil {
		rule = was
	}
	entry, err := audit.Changed(c, action, rule.ID, was, is,
		"name", "event_type", "trigger_type", "trigger_metadata", "actions", "enabled", "exempt_roles", "exempt_channels")
	if err != nil {
		return err
	}
	if err := tx.Audit(c.Request.Context(), rule.GuildID, entry); err != nil {
		return err
	}
	head := events.Header{Type: event, Guild: rule.GuildID, Needs: permissions.ManageGuild, Structure: true}
	return tx.Emit(rule.GuildID, head, rule)
}
