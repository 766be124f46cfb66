package exports

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/internal/store"
)

// tellInterval is how soon a user is told of an archive.
const tellInterval = 5 * time.Second

const readyText = `Hello,

the export of your data that was asked for is ready:

%s

The link works until %s. Whoever has it can read your data: don't pass this mail on.
`

// Mailer queues mail; see mail.Queue.
type Mailer interface {
	Send(m mail.Message) error
}

// Teller writes to users whose archives are ready. It is part of api serve, which has the mail and knows the platform's URL.
type Teller struct {
	store  *store.Store
	links  *files.Links
	mailer Mailer
	log    *slog.Logger
}

// NewTeller returns a teller; several may run at once, and each user is told by one.
func NewTeller(s *store.Store, links *files.Links, mailer Mailer, log *slog.Logger) *Teller {
	return &Teller{s, links, mailer, log}
}

// Run tells until ctx ends.
func (t *Teller) Run(ctx context.Context) {
	ticker := time.NewTicker(tellInterval)
	defer ticker.Stop()
	for {
		if err := t.Step(ctx); err != nil && ctx.Err() == nil {
			t.log.Warn("exports not told of, will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Step tells of all that are ready.
func (t *Teller) Step(ctx context.Context) error {
	for {
		e, address, err := t.store.UntoldExport(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if address == "" || e.ExpiresAt == nil {
			continue
		}
		err = t.mailer.Send(mail.Message{
			To: address, Subject: "Your data is ready",
			Text: fmt.Sprintf(readyText, link(t.links, e.ID, *e.ExpiresAt), e.ExpiresAt.UTC().Format("2 January 2006, 15:04 MST")),
		})
		if err != nil {
			return errors.Join(err, t.store.ExportUntold(ctx, e.ID))
		}
	}
}
