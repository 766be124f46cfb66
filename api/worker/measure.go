package worker

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// measureInterval is how old what measuring finds may be. It is apart from the jobs that it tells of, so that it goes on
	// when one of them hangs.
	measureInterval = 5 * time.Second
	// measureTimeout bounds what a round of it asks of Postgres, and of Redis.
	measureTimeout = 4 * time.Second
)

// measuring asks Postgres and Redis what no process knows by itself, for all processes: how far they are behind, and how they
// are.
type measuring struct {
	store     *store.Store
	publisher *events.Publisher
	history   lagHistory
}

func newMeasuring(s *store.Store, p *events.Publisher) *measuring {
	return &measuring{store: s, publisher: p}
}

func (m *measuring) step(ctx context.Context) error {
	return errors.Join(m.postgres(ctx), m.redis(ctx))
}

func (m *measuring) postgres(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	f, err := m.store.Measure(ctx)
	if err != nil {
		return err
	}
	for gauge, value := range map[*prometheus.GaugeVec]float64{
		unpublished: float64(f.Unpublished), unpublishedAge: f.UnpublishedAge.Seconds(), outboxBytes: float64(f.OutboxBytes),
		webhookQueue: float64(f.Deliveries), webhookAge: f.DeliveryAge.Seconds(), webhookDead: float64(f.DeadDeliveries),
		serverMaxConnections: float64(f.MaxConnections), oldestTransaction: f.OldestTransaction.Seconds(),
		databaseBytes: float64(f.DatabaseBytes), replicas: float64(len(f.Replicas)),
	} {
		gauge.WithLabelValues().Set(value)
	}
	for state, n := range f.Connections {
		serverConnections.WithLabelValues(state).Set(float64(n))
	}
	now := time.Now()
	m.history.add(now, f.Written)
	replicaLag.Reset() // of those that have gone
	replicaLagBytes.Reset()
	for _, r := range f.Replicas {
		replicaLag.WithLabelValues(r.Name).Set(m.history.since(now, r.Replayed).Seconds())
		replicaLagBytes.WithLabelValues(r.Name).Set(float64(max(0, f.Written-r.Replayed)))
	}
	return nil
}

func (m *measuring) redis(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, measureTimeout)
	defer cancel()
	state, err := m.publisher.Cluster(ctx)
	if err != nil {
		coveredSlots.WithLabelValues().Set(0)
		return err
	}
	coveredSlots.WithLabelValues().Set(float64(state.CoveredSlots))
	redisMasters.WithLabelValues().Set(float64(state.Masters))
	redisNodes.WithLabelValues().Set(float64(state.Nodes))
	return nil
}

// forget takes away what another worker measures from now on.
func (m *measuring) forget() {
	for _, gauge := range []*prometheus.GaugeVec{
		unpublished, unpublishedAge, outboxBytes, webhookQueue, webhookAge, webhookDead, replicas, replicaLag, replicaLagBytes,
		serverConnections, serverMaxConnections, oldestTransaction, databaseBytes, coveredSlots, redisMasters, redisNodes,
	} {
		gauge.Reset()
	}
}
