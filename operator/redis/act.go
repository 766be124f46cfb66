package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"
)

// Do takes a step of [Plan]'s. An error says that a node refused or did not answer; what was done so far stays, and the next
// picture shows it. Steps that are not the nodes' do nothing.
func (n *Nodes) Do(ctx context.Context, step Step) error {
	switch step := step.(type) {
	case Assign:
		return all(len(step.Shares), func(i int) error { return n.assign(ctx, step.Shares[i]) })
	case Meet:
		return all(len(step.Pairs), func(i int) error {
			from, to := step.Pairs[i][0], step.Pairs[i][1]
			return n.tell(ctx, from, "CLUSTER", "MEET", to.IP.String(), Port)
		})
	case Forget:
		return all(len(step.At), func(i int) error { return n.forget(ctx, step.At[i], step.IDs) })
	case Replicate:
		return all(len(step.Pairs), func(i int) error {
			return n.tell(ctx, step.Pairs[i].Replica, "CLUSTER", "REPLICATE", step.Pairs[i].Master.id())
		})
	case TakeOver:
		command := []any{"CLUSTER", "FAILOVER"}
		if step.How != HandedOver {
			command = append(command, string(step.How))
		}
		return n.tell(ctx, step.Replica, command...)
	case Move:
		return n.move(ctx, step)
	case Close:
		return n.close(ctx, step)
	case Reset:
		return n.tell(ctx, step.Node, "CLUSTER", "RESET", "SOFT")
	}
	return nil
}

// tell sends a command to a node.
func (n *Nodes) tell(ctx context.Context, to *Member, command ...any) error {
	node, err := n.at(ctx, to.IP)
	if err == nil {
		err = node.Do(ctx, command...).Err()
	}
	return said(to, err, command...)
}

// said adds to an error who said it to what.
func said(by *Member, err error, command ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %s: %w", by.Name, strings.TrimSpace(fmt.Sprintln(command[:min(2, len(command))]...)), err)
}

// assign gives slots to a master. Its epoch rises above all others', lest a node that claims them from before has them.
func (n *Nodes) assign(ctx context.Context, share Share) error {
	command := []any{"CLUSTER", "ADDSLOTSRANGE"}
	for _, r := range share.Slots {
		command = append(command, r.First, r.Last)
	}
	if err := n.tell(ctx, share.To, command...); err != nil {
		return err
	}
	if share.To.View.fresh() {
		return n.tell(ctx, share.To, "CLUSTER", "SET-CONFIG-EPOCH", share.Epoch)
	}
	return n.tell(ctx, share.To, "CLUSTER", "BUMPEPOCH")
}

func (n *Nodes) forget(ctx context.Context, at *Member, ids []string) error {
	return all(len(ids), func(i int) error {
		if ids[i] == at.id() || !at.speaksOf(ids[i]) {
			return nil
		}
		err := n.tell(ctx, at, "CLUSTER", "FORGET", ids[i])
		if refusal := goredis.Error(nil); errors.As(err, &refusal) && strings.Contains(refusal.Error(), "Unknown node") {
			return nil // it has
		}
		return err
	})
}

// all calls do for 0 to count-1, some at a time, and returns what failed.
func all(count int, do func(i int) error) error {
	failures := make([]error, count)
	each(count, func(i int) { failures[i] = do(i) })
	return errors.Join(failures...)
}
