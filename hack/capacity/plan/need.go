package plan

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"guildhall.chat/guildhall/hack/capacity/population"
)

// Need is what a phase needs at its peak. CPU is in cores, sizes in bytes, rates in a second.
type Need struct {
	FanOut     float64 // deliveries of a message
	Deliveries float64
	PerSession float64 // deliveries to one session
	Follows    float64 // pods that a message goes to
	Cores      map[string]float64
	Batched    float64 // cores of the gateways if every write carries several messages
	Following  float64 // the part of the gateways' CPU that is spent before the first write

	GatewayPods, RouterPods, APIPods int
	RedisMasters                     int
	GatewayMemory, RouterMemory      float64 // of one pod

	WireJSON, WireZlib float64 // to clients
	RedisBytes         float64 // out of Redis
	WAL                float64
	StoredDay          float64 // a day's messages, in tables and indexes

	// Return is the core-seconds that it takes when all sessions identify anew, by who spends them.
	Return map[string]float64

	LargestSessions float64
	LargestShare    float64 // of all messages
	HottestMaster   float64 // cores, of the master that has the largest guild
	Connections     int     // to Postgres, at most
	Limits          []Limit // the fullest first
}

// Limit is something of which there is only so much, however many pods there are.
type Limit struct {
	What     string
	Used, Of float64
}

// Part is how much of it is used.
func (l Limit) Part() float64 { return l.Used / l.Of }

// Connections to Postgres that a process opens at most, and numbers for makers of ids.
const (
	gatewayConnections = 12
	apiConnections     = 24
	makersOfIDs        = 1024
	mostConnections    = 6400 // that the operator sets
	primaryCores       = 64   // of the largest machine that one wants for a primary
	workers            = 2
)

// ErrDiverges says that no number of gateway pods is enough: each one more follows the guilds too, and has less of its CPU left.
var ErrDiverges = errors.New("no number of gateway pods is enough")

// For computes what the phase needs.
func For(p Phase, c Costs, a Assumptions) (Need, error) {
	pop, err := p.Population()
	if err != nil {
		return Need{}, fmt.Errorf("phase %s: %w", p.Name, err)
	}
	n := Need{Cores: map[string]float64{}, Return: map[string]float64{}}
	n.crowd(p, pop)
	if err := n.gateways(p, pop, c, a); err != nil {
		return n, fmt.Errorf("phase %s: %w", p.Name, err)
	}
	n.services(p, c, a)
	n.stores(p, c, a)
	n.bytes(p, c, a)
	n.limits(a)
	return n, nil
}

// crowd sums over the guilds.
func (n *Need) crowd(p Phase, pop population.Population) {
	sum, square := 0.0, 0.0
	for rank := range pop.Guilds {
		size := pop.Size(rank)
		sum += size
		square += size * size
		n.LargestSessions = max(n.LargestSessions, size)
	}
	n.FanOut = 1 + square/sum
	n.Deliveries = p.Messages * n.FanOut
	n.PerSession = n.Deliveries / p.Sessions
	n.LargestShare = n.LargestSessions / sum
}

func follows(pop population.Population, pods int) float64 {
	sum, said := 0.0, 0.0
	for rank := range pop.Guilds {
		size := pop.Size(rank)
		sum += size * population.Following(size, pods)
		said += size
	}
	return sum / said
}

// gateways finds how many pods there are. What they cost depends on how many they are, since each follows the guilds of its
// sessions: so it begins with as many as the sessions need and adds until it is enough.
func (n *Need) gateways(p Phase, pop population.Population, c Costs, a Assumptions) error {
	idle := p.Sessions * (c["minute/gateway"]/60 + a.Identifies*c["identify/gateway"])
	first := c["follow/gateway"] - c["delivery/gateway"] // what it costs before the first write
	n.GatewayPods = max(2, ceil(p.Sessions/a.GatewaySessions))
	for range 1000 {
		n.Follows = follows(pop, n.GatewayPods)
		following := p.Messages * n.Follows * max(0, first)
		units := idle + following + n.Deliveries*c["delivery/gateway"]
		n.Cores["gateway"], n.Following = units/a.Core, following/units
		n.Batched = (idle + following + n.Deliveries*c["batched/gateway"]) / a.Core
		enough := max(n.GatewayPods, ceil(n.Cores["gateway"]/(a.Busy*a.GatewayCores)))
		if enough == n.GatewayPods {
			n.GatewayMemory = a.PodBase + p.Sessions/float64(n.GatewayPods)*(c["memory/gateway"]+a.Kernel)
			return nil
		}
		n.GatewayPods = enough
	}
	return ErrDiverges
}

func (n *Need) services(p Phase, c Costs, a Assumptions) {
	n.Cores["router"] = (n.Deliveries*c["delivery/router"] + p.Sessions*(c["minute/router"]/60+a.Identifies*c["identify/router"])) / a.Core
	n.RouterPods = max(2, ceil(p.Sessions/a.RouterConnections), ceil(n.Cores["router"]/(a.Busy*a.GatewayCores)))
	n.RouterMemory = 64<<20 + p.Sessions/float64(n.RouterPods)*(c["memory/router"]+2*a.Kernel)
	n.Cores["api"] = n.calls(p, c, a, "api") / a.Core
	n.APIPods = max(2, ceil(n.Cores["api"]/(a.Busy*a.APICores)))
	n.Cores["worker"] = p.Messages * c["message/worker"] / a.Core
}

// calls are what requests cost somebody.
func (n *Need) calls(p Phase, c Costs, a Assumptions, of string) float64 {
	return p.Messages*c["message/"+of] + p.Sessions*(a.Reads*c["read/"+of]+a.Pages*c["history/"+of])
}

func (n *Need) stores(p Phase, c Costs, a Assumptions) {
	beside := func(of string) float64 { return p.Sessions * (c["minute/"+of]/60 + a.Identifies*c["identify/"+of]) }
	n.Cores["postgres"] = (n.calls(p, c, a, "postgres") + beside("postgres")) / a.Core
	published := p.Messages * (c["message/redis"] + n.Follows*c["follow/redis"]) / a.Core
	n.Cores["redis"] = published + (n.calls(p, c, a, "redis")-p.Messages*c["message/redis"]+beside("redis"))/a.Core
	n.RedisMasters = max(3, ceil(n.Cores["redis"]/a.Busy))
	// One guild is one slot; the rest spreads.
	n.HottestMaster = n.LargestShare*published + (n.Cores["redis"]-n.LargestShare*published)/float64(n.RedisMasters)
	for _, of := range []string{"gateway", "router", "postgres", "redis"} {
		n.Return[of] = p.Sessions * c["identify/"+of] / a.Core
	}
	n.Connections = n.GatewayPods*gatewayConnections + (n.APIPods+workers)*apiConnections
}

func (n *Need) bytes(p Phase, c Costs, a Assumptions) {
	n.WireJSON = n.Deliveries * c["bytes/delivery-json"]
	n.WireZlib = n.Deliveries * c["bytes/delivery-zlib-stream"]
	n.RedisBytes = p.Messages * (c["bytes/message-redis"] + n.Follows*c["bytes/follow-redis"])
	n.WAL = p.Messages * c["bytes/message-wal"]
	const day = 24 * 60 * 60
	n.StoredDay = p.Messages * a.Average * day * c["bytes/message-stored"]
}

// limits are what more pods don't help against.
func (n *Need) limits(a Assumptions) {
	n.Limits = []Limit{
		{"the primary's cores", n.Cores["postgres"], a.Busy * primaryCores},
		{"the Redis master of the largest guild", n.HottestMaster, 1},
		{"numbers for makers of ids", float64(n.GatewayPods + n.APIPods + workers), makersOfIDs},
		{"connections to Postgres", float64(n.Connections), mostConnections},
		{"a gateway pod's CPU, for following guilds alone", n.Following * n.Cores["gateway"] / float64(n.GatewayPods), a.Busy * a.GatewayCores},
	}
	slices.SortStableFunc(n.Limits, func(a, b Limit) int { return cmp.Compare(b.Part(), a.Part()) })
}

func ceil(x float64) int { return int(math.Ceil(x)) }

// round keeps two digits.
func round(x float64) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, 1-math.Floor(math.Log10(math.Abs(x))))
	if scale >= 1 {
		return math.Round(x*scale) / scale
	}
	return math.Round(x*scale) * math.Round(1/scale)
}
