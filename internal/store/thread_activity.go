package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// activity is what new messages change of their thread.
type activity struct {
	newest snowflake.ID
	n      int
}

// with counts a message too, unless it is the first of the thread, or stands for that.
func (a activity) with(m discord.Message) activity {
	a.newest = max(a.newest, m.ID)
	if m.ID != m.ChannelID && m.Type != discord.MessageThreadStarter {
		a.n++
	}
	return a
}

func (a activity) queue(b *pgx.Batch, thread snowflake.ID) {
	b.Queue(`update threads set last_message_id = greatest(last_message_id, $2), message_count = message_count + $3,
		total_messages = total_messages + $3 where id = $1`, thread, a.newest, a.n)
}

// addThreads fills in the threads that were made from messages.
func addThreads(ctx context.Context, q querier, messages []discord.Message, viewer snowflake.ID) error {
	var ids []snowflake.ID
	for _, m := range messages {
		if m.Flags&discord.MessageFlagHasThread != 0 {
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	threads, err := collect(ctx, q, scanThreadFor(viewer), `select `+threadColumns+threadFrom+`where t.id = any($2)`, viewer, ids)
	if err != nil {
		return fmt.Errorf("threads of messages: %w", err)
	}
	for i := range messages {
		for j := range threads {
			if threads[j].ID == messages[i].ID {
				messages[i].Thread = &threads[j]
			}
		}
	}
	return nil
}
