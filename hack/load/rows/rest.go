package rows

import (
	"context"
	"fmt"
	"os"
	"time"

	"guildhall.chat/guildhall/hack/load/payload"
	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/world"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	restClients = 64
	restGuilds  = 4
	restRooms   = 4 // of each guild
	// restRequests are in a round: enough for the resolution of processor time.
	restRequests = 40_000
)

// callers is a platform that counts requests, and accounts that call its API.
type callers struct {
	platform *rig.Platform
	poster   *world.Poster
	members  []world.Guild // one a client: a channel, and who calls
}

func newCallers(ctx context.Context, r *rig.Rig) (*callers, error) {
	p, err := r.CountingPlatform(ctx, 1)
	if err != nil {
		return nil, err
	}
	c := &callers{platform: p}
	api, err := p.Child("api")
	if err == nil {
		err = c.populate(ctx)
	}
	if err != nil {
		p.Stop()
		return nil, err
	}
	c.poster = p.World.Poster(api.Addr, restClients)
	return c, nil
}

func (c *callers) populate(ctx context.Context) error {
	const each = restClients / restGuilds
	guilds, first, err := c.platform.World.Populate(ctx, restGuilds, each)
	if err != nil {
		return err
	}
	for i, g := range guilds {
		rooms, err := c.platform.World.Rooms(ctx, g, restRooms)
		if err != nil {
			return err
		}
		for k := range each {
			member := rooms[k%restRooms]
			member.Owner = first + snowflake.ID(i*each+k)
			c.members = append(c.members, member)
		}
	}
	return nil
}

func (c *callers) stop() {
	c.poster.Close()
	c.platform.Stop()
}

// together has every client make its share of the calls, one after the other, and returns the nanoseconds of CPU that the
// processes, with those that they fork, use for each.
func together(ctx context.Context, pids []int, calls int, do func(ctx context.Context, client, n int) error) (float64, error) {
	before, err := procstat.TreeCPU(pids...)
	if err != nil {
		return 0, err
	}
	if err := concurrently(ctx, calls, do); err != nil {
		return 0, err
	}
	time.Sleep(settle)
	after, err := procstat.TreeCPU(pids...)
	return float64(max(after-before, procstat.Resolution)) / float64(calls), err
}

// restRow compares calls per CPU-second.
func restRow(row Result, ours, peer []float64) Result {
	var oursHas, peerHas []float64
	for i := range ours {
		row.Rounds = append(row.Rounds, peer[i]/ours[i])
		oursHas, peerHas = append(oursHas, 1e9/ours[i]), append(peerHas, 1e9/peer[i])
	}
	row.Ours, row.PeerHas, row.Ratio = median(oursHas), median(peerHas), median(row.Rounds)
	return row
}

// restRead reads channels whose permissions are checked, against ready bytes from the same framework.
func restRead(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	c, err := newCallers(ctx, r)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	body, err := c.poster.Get(ctx, c.members[0], "")
	if err != nil {
		return nil, err
	}
	file := r.File("channel.json")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		return nil, err
	}
	server, err := r.Gin(ctx, file)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	bare := c.platform.World.Poster(server.Addr, restClients)
	defer bare.Close()
	pids, err := c.platform.PIDs()
	if err != nil {
		return nil, err
	}
	read := func(from *world.Poster, pids []int) (float64, error) {
		return together(ctx, pids, o.size(restRequests), func(ctx context.Context, client, _ int) error {
			got, err := from.Get(ctx, c.members[client], "")
			if err == nil && len(got) != len(body) {
				err = fmt.Errorf("%d bytes of a channel, not %d", len(got), len(body))
			}
			return err
		})
	}
	var ours, peer []float64
	for round := range o.Rounds {
		us, err := read(c.poster, pids)
		if err != nil {
			return nil, err
		}
		them, err := read(bare, []int{server.PID()})
		if err != nil {
			return nil, err
		}
		r.Say("round %d: %.0f ns of CPU a channel, the peer %.0f", round+1, us, them)
		ours, peer = append(ours, us), append(peer, them)
	}
	return []Result{restRow(Result{
		Name: "rest/read", What: "a channel read, permissions checked, by 64 clients; all processes of the platform count",
		Peer: "a gin handler that answers with the same bytes", Unit: "calls/CPU-s", ToReach: ">= 0.4",
	}, ours, peer)}, nil
}

// restPost posts messages as 64 members of several guilds, against bare inserts of such a row into the same table.
func restPost(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	c, err := newCallers(ctx, r)
	if err != nil {
		return nil, err
	}
	defer c.stop()
	pids, err := c.platform.PIDs()
	if err != nil {
		return nil, err
	}
	postgres, err := c.platform.Child("postgres")
	if err != nil {
		return nil, err
	}
	calls := o.size(restRequests)
	var ours, peer []float64
	for round := range o.Rounds {
		us, err := together(ctx, pids, calls, func(ctx context.Context, client, n int) error {
			_, err := c.poster.Post(ctx, c.members[client], n)
			return err
		})
		if err != nil {
			return nil, err
		}
		if err := c.stored(ctx, (round+1)*calls); err != nil {
			return nil, err
		}
		them, err := c.inserts(ctx, r, postgres.PID, round, calls)
		if err != nil {
			return nil, err
		}
		r.Say("round %d: %.0f ns of CPU a message, the peer %.0f", round+1, us, them)
		ours, peer = append(ours, us), append(peer, them)
	}
	return []Result{restRow(Result{
		Name: "rest/post", What: "messages of 64 members in 16 channels of 4 guilds; all processes of the platform count",
		Peer: "pgbench with 64 clients that insert one such row each; Postgres alone counts", Unit: "calls/CPU-s", ToReach: ">= 0.7",
	}, ours, peer)}, nil
}

// stored fails unless there are so many messages.
func (c *callers) stored(ctx context.Context, want int) error {
	have, err := c.platform.World.Messages(ctx)
	if err == nil && have != want {
		err = fmt.Errorf("%d messages are stored of %d", have, want)
	}
	return err
}

// inserts is the peer of restPost. Its ids rise across all clients, as those of messages do, and the rows are removed.
func (c *callers) inserts(ctx context.Context, r *rig.Rig, postgres, round, calls int) (float64, error) {
	row := c.members[0]
	script := fmt.Sprintf(`\set n :n + 1
\set id %d + :n * %d + :client_id
insert into messages (id, channel_id, guild_id, author_id, type, content, mentions, mention_roles, embeds, attachments, components, flags)
	values (:id, %d, %d, %d, 0, '%s', '{}', '{}', '[]', '[]', '[]', 0);
`, c.platform.World.Future(), restClients, row.Channel, row.ID, row.Owner, payload.Content(round))
	before, err := procstat.TreeCPU(postgres)
	if err != nil {
		return 0, err
	}
	each := max(1, calls/restClients)
	if err := r.Pgbench(ctx, c.platform.DSN, script, restClients, each); err != nil {
		return 0, err
	}
	after, err := procstat.TreeCPU(postgres)
	if err != nil {
		return 0, err
	}
	return float64(max(after-before, procstat.Resolution)) / float64(each*restClients), c.platform.World.RemoveFuture(ctx)
}
