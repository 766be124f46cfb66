package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/tracing"
)

// Delivery is an event on its way to an application.
type Delivery struct {
	ID            snowflake.ID
	ApplicationID snowflake.ID
	Body          []byte
	Attempts      int     // that have failed
	URL           *string // of the application's endpoint now; nil: it takes no events any more
	Trace         string  // of the request that the event comes of, as tracing.Carry has it
}

// QueueEvent puts an event of an application into its queue, if it wants events of the type. The event is sent after the
// change, and only if that commits.
// https://discord.com/developers/docs/events/webhook-events#event-webhook-payload
func (tx *Tx) QueueEvent(ctx context.Context, app snowflake.ID, kind string, data any) error {
	body, err := json.Marshal(discord.WebhookEventPayload{
		Version: 1, ApplicationID: app, Type: discord.WebhookEvent,
		Event: &discord.WebhookEventBody{Type: kind, Timestamp: discord.At(time.Now()), Data: data},
	})
	if err != nil {
		return fmt.Errorf("encode %s: %w", kind, err)
	}
	_, err = tx.Exec(ctx, `insert into deliveries (id, application_id, body, trace) select $1, id, $3, nullif($6, '') from applications
		where id = $2 and event_webhooks_url is not null and event_webhooks_status = $4 and $5 = any(event_webhooks_types)`,
		tx.NewID(), app, body, discord.EventWebhooksEnabled, kind, tracing.Carry(ctx))
	if err != nil {
		return fmt.Errorf("queue %s for application %s: %w", kind, app, err)
	}
	return nil
}

// TakeDeliveries returns the deliveries that have been due longest and puts them off until the time given: who takes them and
// dies leaves them to the next. At most one is taken of each application.
func (s *Store) TakeDeliveries(ctx context.Context, until time.Time, most int) ([]Delivery, error) {
	taken, err := collect(ctx, s.pool, func(row pgx.Row) (d Delivery, err error) {
		err = row.Scan(&d.ID, &d.ApplicationID, &d.Body, &d.Attempts, &d.URL, &d.Trace)
		return d, err
	}, `with due as (
			select distinct on (application_id) id, due from deliveries where not dead and due <= now() order by application_id, id
		), taken as (
			update deliveries d set due = $1 from (select id from due order by due limit $2) as first_due where d.id = first_due.id
			returning d.*
		) select t.id, t.application_id, t.body, t.attempts,
			case when a.event_webhooks_status = $3 then a.event_webhooks_url end, coalesce(t.trace, '')
		from taken t join applications a on a.id = t.application_id`, until, most, discord.EventWebhooksEnabled)
	if err != nil {
		return nil, fmt.Errorf("take deliveries: %w", err)
	}
	return taken, nil
}

// Delivered removes a delivery that was taken.
func (s *Store) Delivered(ctx context.Context, id snowflake.ID) error {
	if _, err := s.pool.Exec(ctx, `delete from deliveries where id = $1`, id); err != nil {
		return fmt.Errorf("remove delivery %s: %w", id, err)
	}
	return nil
}

// PutOffDelivery notes a failed attempt and when the next one is due.
func (s *Store) PutOffDelivery(ctx context.Context, id snowflake.ID, due time.Time, failure string) error {
	_, err := s.pool.Exec(ctx, `update deliveries set attempts = attempts + 1, due = $2, failure = $3 where id = $1`, id, due, failure)
	if err != nil {
		return fmt.Errorf("put off delivery %s: %w", id, err)
	}
	return nil
}

// BuryDelivery keeps a delivery that is not tried any more as a dead letter. When so many of an application's have died within
// a day, it gets no more events.
func (s *Store) BuryDelivery(ctx context.Context, d Delivery, failure string, mostDead int) (ended bool, err error) {
	err = s.Change(ctx, func(tx *Tx) error {
		_, err := tx.Exec(ctx, `update deliveries set attempts = attempts + 1, dead = true, due = now(), failure = $2 where id = $1`, d.ID, failure)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `update applications set event_webhooks_status = $2 where id = $1 and event_webhooks_status = $3 and
			(select count(*) from deliveries where application_id = $1 and dead and due > now() - interval '1 day') >= $4`,
			d.ApplicationID, discord.EventWebhooksEnded, discord.EventWebhooksEnabled, mostDead)
		ended = tag.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("bury delivery %s: %w", d.ID, err)
	}
	return ended, nil
}

// SetInteractionsEndpoint says where an application takes interactions by HTTP; nil: its bot takes them at the gateway.
func (tx *Tx) SetInteractionsEndpoint(ctx context.Context, app snowflake.ID, url *string) error {
	if err := found(tx.Exec(ctx, `update applications set interactions_endpoint_url = $2 where id = $1`, app, url)); err != nil {
		return fmt.Errorf("set endpoint of application %s: %w", app, err)
	}
	return nil
}
