package worker

import (
	"context"
	"time"

	"guildhall.chat/guildhall/api/search"
)

// searchInterval is how long a new message may wait until it can be found.
const searchInterval = time.Second

// index brings the search index up to date.
func (w *Worker) index(ctx context.Context) error { return search.Index(ctx, w.store) }
