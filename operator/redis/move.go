package redis

import (
	"context"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// moveBudget is for how long one step moves slots: a pass must not keep others waiting.
	moveBudget = 2 * time.Second
	// moveSlots is how many slots move at a time.
	moveSlots = 16
	// moveKeys is how many keys travel at once. Both nodes serve nobody else meanwhile.
	moveKeys = 20
	// migrateTimeout bounds a pause in the transfer of one batch.
	migrateTimeout = 2 * time.Second
)

// move moves as many of the slots as the budget allows, a few at a time, from the first. Clients read and write them
// meanwhile: a key is asked for where the slot was, and if it has left, or is new, where the slot goes.
// https://redis.io/docs/latest/commands/cluster-setslot/#redis-cluster-live-resharding-explained
func (n *Nodes) move(ctx context.Context, step Move) error {
	source, err := n.at(ctx, step.From.IP)
	if err != nil {
		return said(step.From, err, "MIGRATE")
	}
	target, err := n.at(ctx, step.To.IP)
	if err != nil {
		return said(step.To, err, "MIGRATE")
	}
	m := mover{Nodes: n, step: step, source: source, target: target}
	deadline := time.Now().Add(moveBudget)
	for rest := step.Slots; len(rest) > 0 && time.Now().Before(deadline); {
		var few Slots
		few, rest = rest.cut(moveSlots)
		if err := m.move(ctx, few.list()); err != nil {
			return err
		}
	}
	return nil
}

// mover moves slots from one master to another.
type mover struct {
	*Nodes
	step           Move
	source, target *goredis.Client
}

// move can be done again after it was broken off anywhere.
func (m mover) move(ctx context.Context, slots []int) error {
	if err := m.open(ctx, slots); err != nil {
		return err
	}
	for _, slot := range slots {
		if err := m.keys(ctx, slot); err != nil {
			return err
		}
	}
	// The new owner first: were it the last, there would be a moment in which a slot is nobody's.
	if err := m.settle(ctx, m.step.To, m.target, slots); err != nil {
		return err
	}
	return m.settle(ctx, m.step.From, m.source, slots)
}

func (m mover) open(ctx context.Context, slots []int) error {
	if err := setSlots(ctx, m.step.To, m.target, slots, "IMPORTING", m.step.From.id()); err != nil {
		return err
	}
	return setSlots(ctx, m.step.From, m.source, slots, "MIGRATING", m.step.To.id())
}

func (m mover) settle(ctx context.Context, at *Member, node *goredis.Client, slots []int) error {
	return setSlots(ctx, at, node, slots, "NODE", m.step.To.id())
}

func setSlots(ctx context.Context, at *Member, node *goredis.Client, slots []int, state ...any) error {
	_, err := node.Pipelined(ctx, func(pipe goredis.Pipeliner) error {
		for _, slot := range slots {
			pipe.Do(ctx, append([]any{"CLUSTER", "SETSLOT", slot}, state...)...)
		}
		return nil
	})
	return said(at, err, "CLUSTER", "SETSLOT")
}

// keys moves all keys of a slot.
func (m mover) keys(ctx context.Context, slot int) error {
	for {
		keys, err := m.source.ClusterGetKeysInSlot(ctx, slot, moveKeys).Result()
		if err != nil || len(keys) == 0 {
			return said(m.step.From, err, "CLUSTER", "GETKEYSINSLOT")
		}
		if err := m.migrate(ctx, keys); err != nil {
			return said(m.step.From, err, "MIGRATE")
		}
	}
}

// migrate moves keys. One that is there already was left by a move that ended early: where it comes from, it was served since.
func (m mover) migrate(ctx context.Context, keys []string) error {
	command := []any{"MIGRATE", m.step.To.IP.String(), Port, "", 0, migrateTimeout.Milliseconds(), "REPLACE", "AUTH", m.password, "KEYS"}
	for _, key := range keys {
		command = append(command, key)
	}
	return m.source.Do(ctx, command...).Err()
}

// close ends the move of slots without moving anything.
func (n *Nodes) close(ctx context.Context, step Close) error {
	node, err := n.at(ctx, step.At.IP)
	if err != nil {
		return said(step.At, err, "CLUSTER", "SETSLOT")
	}
	return setSlots(ctx, step.At, node, step.Slots.list(), "STABLE")
}
