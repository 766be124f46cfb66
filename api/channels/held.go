package channels

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// rowsHeld bounds the channels in memory, each about a kilobyte.
	rowsHeld = 8192
	// heldFor bounds how long a channel is held, should Redis have lost what it knew of the guild. It is shorter than Redis remembers a
	// log's last event.
	heldFor = 5 * time.Second
	// readTimeout bounds a read of the channels that many requests ask for.
	readTimeout = 5 * time.Second
)

var rowLookups = metrics.NewCache("channel_rows")

// rows are guilds' channels as clients get them, with their last messages. What is held of one is used while nothing has been
// added to its guild's log since: Redis has said so in the request's own round trip, and this process has committed nothing that
// Redis may not have heard of. Whatever changes a channel, a new message too, is an event of that log.
//
// So a channel is as new as what the gateway has told, and contains what was written through the same process. A message that another
// process has committed shows once it is published, milliseconds after its sender has the answer.
type rows struct {
	store  *store.Store
	held   *lru.Cache[snowflake.ID, heldRow]
	unheld *coalesce.Group[snowflake.ID, []byte]
}

type heldRow struct {
	last int64     // the guild's last event then
	at   time.Time // before it was read
	json []byte
}

func newRows(s *store.Store) *rows {
	held, _ := lru.New[snowflake.ID, heldRow](rowsHeld) // it refuses sizes below one alone
	return &rows{store: s, held: held, unheld: coalesce.New("read channels", readTimeout, encodedChannels(s))}
}

// get returns a channel's JSON, which is shared, nil if there is none.
func (r *rows) get(c *call.Call, room *access.Room) ([]byte, error) {
	guild, id, now := room.Guild.Guild.ID, room.Channel.ID, time.Now()
	version, known := c.Version(guild)
	held, found := r.held.Get(id)
	if rowLookups.Found(found && known && held.last == version.Last && now.Sub(held.at) < heldFor && held.at.After(r.store.Committed(guild))) {
		return held.json, nil
	}
	encoded, err := r.unheld.Ask(c.Request.Context(), id)
	if err == nil && known && encoded != nil {
		r.held.Add(id, heldRow{version.Last, now, encoded})
	}
	return encoded, err
}
