package search

import (
	"context"

	"guildhall.chat/guildhall/internal/store"
)

const (
	// followBatch and fillBatch bound how many events and messages one transaction takes.
	followBatch = 500
	fillBatch   = 500
)

// Index brings the search index up to date. It is done under a lease; should two do it at once, they take turns.
func Index(ctx context.Context, s *store.Store) error {
	for {
		done, err := s.FollowSearch(ctx, followBatch, describe)
		if err != nil {
			return err
		}
		if !done {
			continue
		}
		// What is new comes first: between two batches of old messages it is looked for again.
		if done, err = s.FillSearch(ctx, fillBatch, describe); err != nil || done {
			return err
		}
	}
}
