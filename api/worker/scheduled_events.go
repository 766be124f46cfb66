package worker

import (
	"context"
	"time"

	"guildhall.chat/guildhall/api/scheduledevents"
)

// advanceEvents begins, ends and cancels scheduled events whose time has come.
func (w *Worker) advanceEvents(ctx context.Context) error {
	return scheduledevents.Advance(ctx, w.store, time.Now())
}
