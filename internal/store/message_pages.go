package store

import (
	"context"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// SharedPage is a page of messages for all who ask for it, whoever they are. Nobody may change it.
type SharedPage struct {
	Messages []discord.Message
	// Reacted says that there are reactions, which are not in Messages; Own that more depends on who asks: polls and threads.
	Reacted, Own bool
}

// SharedMessages returns a page for all viewers.
func (s *Store) SharedMessages(ctx context.Context, p MessagePage) (*SharedPage, error) {
	p.Viewer = 0
	return readOne(ctx, s, func(ctx context.Context, q querier) (*SharedPage, error) { return s.sharedMessages(ctx, q, p) })
}

func (s *Store) sharedMessages(ctx context.Context, q querier, p MessagePage) (*SharedPage, error) {
	messages, err := page(ctx, q, p)
	if err == nil {
		err = s.complete(ctx, q, messages, 0)
	}
	if err != nil || len(messages) == 0 {
		return &SharedPage{}, err
	}
	page := &SharedPage{Messages: messages}
	ids := make([]snowflake.ID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
		page.Own = page.Own || m.Poll != nil || m.Flags&discord.MessageFlagHasThread != 0
	}
	err = q.QueryRow(ctx, `select exists (select from reactions where message_id = any($1))`, ids).Scan(&page.Reacted)
	if err != nil {
		return nil, fmt.Errorf("reactions: %w", err)
	}
	return page, nil
}

// PageFor returns a shared page as one of those sees it who asked for it with p.
func (s *Store) PageFor(ctx context.Context, shared *SharedPage, p MessagePage) ([]discord.Message, error) {
	switch {
	case shared.Own:
		return s.Messages(ctx, p)
	case shared.Reacted:
		return readOne(ctx, s, func(ctx context.Context, q querier) ([]discord.Message, error) {
			messages := slices.Clone(shared.Messages)
			return messages, addReactions(ctx, q, messages, p.Viewer)
		})
	}
	return shared.Messages, nil
}
