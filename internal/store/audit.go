package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Audit writes entries of a guild's audit log and tells those who may read it. ID and GuildID are set here; see
// discord.AuditChanges for what goes into Changes.
func (tx *Tx) Audit(ctx context.Context, guild snowflake.ID, entries ...discord.AuditEntry) error {
	b := &pgx.Batch{}
	for _, e := range entries {
		e.ID, e.GuildID = tx.NewID(), &guild
		b.Queue(`insert into audit_log (id, guild_id, user_id, target_id, action, changes, options, reason)
			values ($1, $2, $3, $4, $5, $6, $7, $8)`,
			e.ID, guild, e.UserID, e.TargetID, e.ActionType, e.Changes, e.Options, e.Reason)
		head := events.Header{Type: discord.EventAuditLogEntryCreate, Guild: guild, Needs: permissions.ViewAuditLog}
		if err := tx.Emit(guild, head, e); err != nil {
			return err
		}
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("write audit log of guild %s: %w", guild, err)
	}
	return nil
}
