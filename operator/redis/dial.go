package redis

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// Port of clients. That of the cluster bus is 10,000 above.
	Port = 6379

	// dialTimeout and replyTimeout bound how long a pass waits for a pod that hangs.
	dialTimeout  = time.Second
	replyTimeout = 3 * time.Second

	// atOnce is how many nodes are spoken to at a time.
	atOnce = 16
)

// Nodes are connections to the nodes in the pods.
type Nodes struct {
	pods     []Pod
	password string

	mu      sync.Mutex
	clients map[netip.Addr]*goredis.Client
}

// Dial returns connections, made when they are needed, to the nodes in the pods. The password is the default user's. Close
// them.
func Dial(pods []Pod, password string) *Nodes {
	return &Nodes{pods: pods, password: password, clients: map[netip.Addr]*goredis.Client{}}
}

// Close closes the connections.
func (n *Nodes) Close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, client := range n.clients {
		_ = client.Close() // nothing is under way
	}
}

// at returns the connection to a node. The error says that nothing listens there.
func (n *Nodes) at(ctx context.Context, ip netip.Addr) (*goredis.Client, error) {
	n.mu.Lock()
	client := n.clients[ip]
	n.mu.Unlock()
	if client != nil {
		return client, nil
	}
	address := netip.AddrPortFrom(ip, Port).String()
	// go-redis logs each refused connection; here, refusals are what a start begins with.
	dialer := &net.Dialer{Timeout: dialTimeout}
	first, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	dialled := make(chan net.Conn, 1)
	dialled <- first
	client = goredis.NewClient(&goredis.Options{
		Addr:     address,
		Password: n.password,
		Protocol: 2, // no notifications
		Dialer: func(ctx context.Context, network, address string) (net.Conn, error) {
			select {
			case conn := <-dialled:
				return conn, nil
			default:
				return dialer.DialContext(ctx, network, address)
			}
		},
		DialerRetries:   1,
		MaxRetries:      -1, // the next pass is the retry
		ReadTimeout:     replyTimeout,
		WriteTimeout:    replyTimeout,
		DisableIdentity: true,
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.clients[ip] = client
	return client, client.Ping(ctx).Err() // takes the connection
}

// each calls do for 0 to count-1, some at a time, and waits for all.
func each(count int, do func(i int)) {
	var all sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for i := range count {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			do(i)
		})
	}
	all.Wait()
}
