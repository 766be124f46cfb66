package rows

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// historyRows is how far the table of messages grows, in steps of ten from a thousandth of it.
	historyRows  = 10_000_000
	historyCalls = 20_000 // in a round
	// growthCalls are made at each step, of either kind, one after the other.
	growthCalls = 2_000
	pageSize    = 50
)

// restHistory lets the table of messages grow and measures, at each step, how long the two calls take that clients make most;
// and at the end what a page costs, against the bare query.
func restHistory(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	c, err := newCallers(ctx, r)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	most := max(historyRows/max(1, o.Divide), 10_000)
	// The newest page is of such messages as are sent below, at each step.
	for n := range pageSize {
		if _, err := c.poster.Post(ctx, c.members[0], n); err != nil {
			return nil, err
		}
	}
	var reads, posts []float64
	var sizes []int
	for size := max(most/1000, 1000); size <= most; size *= 10 {
		have := 0
		if len(sizes) > 0 {
			have = sizes[len(sizes)-1]
		}
		if err := c.platform.World.Grow(ctx, c.members[0], have, size, most); err != nil {
			return nil, err
		}
		newest, err := c.newest(ctx)
		if err != nil {
			return nil, err
		}
		read, err := c.middle(ctx, o, func(int) error { return c.page(ctx, 0, newest) })
		if err != nil {
			return nil, err
		}
		post, err := c.middle(ctx, o, func(n int) error {
			_, err := c.poster.Post(ctx, c.members[0], n)
			return err
		})
		if err != nil {
			return nil, err
		}
		r.Say("%d messages: p50 of a page %.0f us, of a send %.0f us", size, read/1e3, post/1e3)
		sizes, reads, posts = append(sizes, size), append(reads, read), append(posts, post)
	}
	history, err := c.history(ctx, r, o)
	return []Result{
		history,
		growthRow("rest/history/read", fmt.Sprintf("p50 of a page of %d messages", pageSize), sizes, reads),
		growthRow("rest/history/post", "p50 of a send", sizes, posts),
	}, err
}

// middle is the p50 of calls that are made one after the other, in nanoseconds.
func (c *callers) middle(ctx context.Context, o Options, call func(n int) error) (float64, error) {
	took := make([]float64, o.size(growthCalls))
	for warm := -len(took) / 10; warm < len(took); warm++ {
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		begun := time.Now()
		if err := call(max(warm, 0)); err != nil {
			return 0, err
		}
		if warm >= 0 {
			took[warm] = float64(time.Since(begun))
		}
	}
	return median(took), nil
}

// growthRow compares what a call takes at the largest size with the smallest.
func growthRow(name, what string, sizes []int, p50 []float64) Result {
	row := Result{
		Name: name, What: what + " while the table of messages grows", Unit: "ns", ToReach: "<= 1.2",
		Peer: fmt.Sprintf("the same at %d messages, not at %d", sizes[0], sizes[len(sizes)-1]),
		Ours: p50[len(p50)-1], PeerHas: p50[0], Ratio: p50[len(p50)-1] / p50[0],
	}
	for _, at := range p50 {
		row.Rounds = append(row.Rounds, at/p50[0])
	}
	return row
}

// newest reads the newest messages of the channel that has the history and checks them.
func (c *callers) newest(ctx context.Context) ([]byte, error) {
	got, err := c.read(ctx, 0)
	if err != nil {
		return nil, err
	}
	var page []struct {
		ID      snowflake.ID `json:"id"`
		Channel snowflake.ID `json:"channel_id"`
		Content string       `json:"content"`
	}
	if err := json.Unmarshal(got, &page); err != nil {
		return nil, err
	}
	for i, m := range page {
		if m.Channel != c.members[0].Channel || m.Content == "" || i > 0 && m.ID >= page[i-1].ID {
			return nil, fmt.Errorf("message %d of a page is %+v", i, m)
		}
	}
	if len(page) != pageSize {
		return nil, fmt.Errorf("%d messages on a page, not %d", len(page), pageSize)
	}
	return got, nil
}

// page reads the newest messages as one of the guild's members: those that are wanted, to the byte, since nobody writes meanwhile.
func (c *callers) page(ctx context.Context, client int, want []byte) error {
	got, err := c.read(ctx, client)
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("a page is not the one that there is: %.200s", got)
	}
	return err
}

func (c *callers) read(ctx context.Context, client int) ([]byte, error) {
	at := c.members[client%(restClients/restGuilds)]
	at.Channel = c.members[0].Channel
	return c.poster.Get(ctx, at, fmt.Sprintf("/messages?limit=%d", pageSize))
}

// history compares pages per CPU-second with those of the bare query.
func (c *callers) history(ctx context.Context, r *rig.Rig, o Options) (Result, error) {
	row := Result{
		Name: "rest/history", What: fmt.Sprintf("the newest %d messages of a channel with a tenth of all, for 64 clients; all processes of the platform count", pageSize),
		Peer: "pgbench with 64 clients that run the bare query; Postgres alone counts", Unit: "calls/CPU-s", ToReach: ">= 0.6",
	}
	pids, err := c.platform.PIDs()
	if err != nil {
		return row, err
	}
	postgres, err := c.platform.Child("postgres")
	if err != nil {
		return row, err
	}
	newest, err := c.newest(ctx)
	if err != nil {
		return row, err
	}
	calls := o.size(historyCalls)
	var ours, peer []float64
	for round := range o.Rounds {
		us, err := together(ctx, pids, calls, func(ctx context.Context, client, _ int) error { return c.page(ctx, client, newest) })
		if err != nil {
			return row, err
		}
		them, err := c.pages(ctx, r, postgres.PID, calls)
		if err != nil {
			return row, err
		}
		r.Say("round %d: %.0f ns of CPU a page, the peer %.0f", round+1, us, them)
		ours, peer = append(ours, us), append(peer, them)
	}
	return restRow(row, ours, peer), nil
}

// pages is the peer of history.
func (c *callers) pages(ctx context.Context, r *rig.Rig, postgres, calls int) (float64, error) {
	script := fmt.Sprintf(`select m.id, m.channel_id, m.type, m.content, m.tts, m.mention_everyone, m.mentions, m.mention_roles, m.embeds,
	m.attachments, m.components, m.flags, m.pinned, m.webhook_id, m.reference, m.snapshots, m.edited_at, m.parts, m.author_id,
	u.username, u.global_name, u.avatar, u.banner, u.accent_color, u.bot, u.flags
from messages m left join users u on u.id = m.author_id
where m.channel_id = %d and m.deleted_at is null order by m.id desc limit %d;
`, c.members[0].Channel, pageSize)
	before, err := procstat.TreeCPU(postgres)
	if err != nil {
		return 0, err
	}
	each := max(1, calls/restClients)
	if err := r.Pgbench(ctx, c.platform.DSN, script, restClients, each); err != nil {
		return 0, err
	}
	after, err := procstat.TreeCPU(postgres)
	return float64(max(after-before, procstat.Resolution)) / float64(each*restClients), err
}
