package store

import (
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/pgtest"
)

// An application may be deleted between the statement that reads an invite and the one that reads the application.
func TestInviteOutlivesItsApplication(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), pgtest.New(t, Migrate))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	invites := []discord.Invite{{TargetApplication: &discord.InviteApplication{ID: s.NewID()}}}
	if err := fillInvites(t.Context(), s.pool, invites); err != nil || invites[0].TargetApplication != nil {
		t.Errorf("application %+v, %v", invites[0].TargetApplication, err)
	}
}
