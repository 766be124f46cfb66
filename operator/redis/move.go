package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// moveBudget is for how long one step moves slots: a pass must not keep others waiting.
	moveBudget = 2 * time.Second
	// moveKeys is how many keys travel at once. Both nodes serve nobody else meanwhile.
	moveKeys = 20
	// migrateTimeout bounds a pause in the transfer of one batch.
	migrateTimeout = 2 * time.Second
)

// move moves as many of the slots as the budget allows, one after the other, from the last. Clients read and write them
// meanwhile: a key is asked for where the slot was, and if it has left, or is new, where the slot goes.
// https://redis.io/docs/latest/commands/cluster-setslot/#redis-cluster-live-resharding-explained
func (n *Nodes) move(ctx context.Context, step Move) error {
	deadline := time.Now().Add(moveBudget)
	for i := len(step.Slots) - 1; i >= 0; i-- {
		for slot := step.Slots[i].Last; slot >= step.Slots[i].First; slot-- {
			if err := n.moveSlot(ctx, slot, step.From, step.To); err != nil {
				return err
			}
			if time.Now().After(deadline) {
				return nil
			}
		}
	}
	return nil
}

// moveSlot can be done again after it was broken off anywhere.
func (n *Nodes) moveSlot(ctx context.Context, slot int, from, to *Member) error {
	if err := n.tell(ctx, to, "CLUSTER", "SETSLOT", slot, "IMPORTING", from.id()); err != nil {
		return err
	}
	if err := n.tell(ctx, from, "CLUSTER", "SETSLOT", slot, "MIGRATING", to.id()); err != nil {
		return err
	}
	if err := n.moveKeys(ctx, slot, from, to); err != nil {
		return err
	}
	// The new owner first: were it the last, there would be a moment in which the slot is nobody's.
	if err := n.tell(ctx, to, "CLUSTER", "SETSLOT", slot, "NODE", to.id()); err != nil {
		return err
	}
	return n.tell(ctx, from, "CLUSTER", "SETSLOT", slot, "NODE", to.id())
}

func (n *Nodes) moveKeys(ctx context.Context, slot int, from, to *Member) error {
	source, err := n.at(ctx, from.IP)
	if err != nil {
		return said(from, err, "MIGRATE")
	}
	for {
		keys, err := source.ClusterGetKeysInSlot(ctx, slot, moveKeys).Result()
		if err != nil || len(keys) == 0 {
			return said(from, err, "CLUSTER", "GETKEYSINSLOT")
		}
		if err := n.migrate(ctx, source, to, keys); err != nil {
			return said(from, err, "MIGRATE")
		}
	}
}

// migrate moves keys. One that is there already was left by a move that ended early: where it comes from, it was served since.
func (n *Nodes) migrate(ctx context.Context, source *goredis.Client, to *Member, keys []string) error {
	command := []any{"MIGRATE", to.IP.String(), Port, "", 0, migrateTimeout.Milliseconds(), "REPLACE", "AUTH", n.password, "KEYS"}
	for _, key := range keys {
		command = append(command, key)
	}
	return source.Do(ctx, command...).Err()
}

// close ends the move of slots without moving anything.
func (n *Nodes) close(ctx context.Context, step Close) error {
	for _, r := range step.Slots {
		for slot := r.First; slot <= r.Last; slot++ {
			if err := n.tell(ctx, step.At, "CLUSTER", "SETSLOT", slot, "STABLE"); err != nil {
				return err
			}
		}
	}
	return nil
}
