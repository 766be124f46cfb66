package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Invitation lets somebody register where registration is by invitation.
type Invitation struct {
	Code      string        `json:"code"`
	Note      string        `json:"note"`       // for the administrators
	CreatorID *snowflake.ID `json:"creator_id"` // nil: made by the command line
	MaxUses   int           `json:"max_uses"`
	Uses      int           `json:"uses"`
	CreatedAt time.Time     `json:"created_at"`
	ExpiresAt time.Time     `json:"expires_at"`
}

const invitationColumns = `code, note, creator_id, max_uses, uses, created_at, expires_at`

func scanInvitation(row pgx.Row) (i Invitation, err error) {
	return i, row.Scan(&i.Code, &i.Note, &i.CreatorID, &i.MaxUses, &i.Uses, &i.CreatedAt, &i.ExpiresAt)
}

// CreateInvitation makes an invitation to register.
func (s *Store) CreateInvitation(ctx context.Context, i Invitation) (Invitation, error) {
	made, err := scanInvitation(s.pool.QueryRow(ctx, `insert into registration_invitations
		(code, note, creator_id, max_uses, expires_at) values ($1, $2, $3, $4, $5) returning `+invitationColumns,
		i.Code, i.Note, i.CreatorID, i.MaxUses, i.ExpiresAt))
	if err != nil {
		return made, fmt.Errorf("create invitation: %w", err)
	}
	return made, nil
}

// Invitations returns a page of the invitations to register, by code.
func (s *Store) Invitations(ctx context.Context, after string, limit int) ([]Invitation, error) {
	list, err := collect(ctx, s.pool, scanInvitation,
		`select `+invitationColumns+` from registration_invitations where code > $1 order by code limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("invitations: %w", err)
	}
	return list, nil
}

// DeleteInvitation withdraws an invitation to register. ErrNotFound.
func (s *Store) DeleteInvitation(ctx context.Context, code string) error {
	if err := found(s.pool.Exec(ctx, `delete from registration_invitations where code = $1`, code)); err != nil {
		return fmt.Errorf("delete invitation: %w", err)
	}
	return nil
}

// UseInvitation spends one use of an invitation to register. ErrNotFound: there is none, or it is used up or too old.
func (tx *Tx) UseInvitation(ctx context.Context, code string) error {
	err := found(tx.Exec(ctx, `update registration_invitations set uses = uses + 1
		where code = $1 and uses < max_uses and expires_at > now()`, code))
	if err != nil {
		return fmt.Errorf("use invitation: %w", err)
	}
	return nil
}
