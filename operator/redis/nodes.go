package redis

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// Node is a line of CLUSTER NODES: what one node says of another, or of itself.
// https://redis.io/docs/latest/commands/cluster-nodes/#serialization-format
type Node struct {
	ID        string
	IP        netip.Addr // invalid: not known
	Myself    bool
	Replica   bool
	Handshake bool   // not yet known to be a part of the cluster; the id is a placeholder
	Failing   bool   // suspected, or agreed on
	Master    string // id; of a replica
	Epoch     int64  // of the configuration: of two that claim a slot, the higher one has it
	Connected bool
	Slots     Slots
	// Slots on their way, by the id of the other node. Only a node's line about itself has them.
	Migrating, Importing map[int]string
}

// fixedFields are those before the slots.
const fixedFields = 8

// parseNodes reads what CLUSTER NODES answers. Exactly one node is Myself.
func parseNodes(listing string) ([]Node, error) {
	var nodes []Node
	myselves := 0
	for line := range strings.Lines(listing) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		node, err := parseNode(fields)
		if err != nil {
			return nil, fmt.Errorf("CLUSTER NODES: %w in %.200q", err, line)
		}
		if node.Myself {
			myselves++
		}
		nodes = append(nodes, node)
	}
	if myselves != 1 {
		return nil, fmt.Errorf("CLUSTER NODES: %d lines about the node itself", myselves)
	}
	return nodes, nil
}

func parseNode(fields []string) (Node, error) {
	if len(fields) < fixedFields {
		return Node{}, fmt.Errorf("%d fields", len(fields))
	}
	epoch, err := strconv.ParseInt(fields[6], 10, 64)
	if err != nil {
		return Node{}, errors.New("no configuration epoch")
	}
	flags := strings.Split(fields[2], ",")
	node := Node{
		ID:        fields[0],
		IP:        parseAddr(fields[1]),
		Myself:    slices.Contains(flags, "myself"),
		Replica:   slices.Contains(flags, "slave") || slices.Contains(flags, "replica"),
		Handshake: slices.Contains(flags, "handshake"),
		Failing:   slices.Contains(flags, "fail") || slices.Contains(flags, "fail?"),
		Epoch:     epoch,
		Connected: fields[7] == "connected",
		Migrating: map[int]string{},
		Importing: map[int]string{},
	}
	if fields[3] != "-" {
		node.Master = fields[3]
	}
	for _, field := range fields[fixedFields:] {
		if err := node.addSlots(field); err != nil {
			return Node{}, err
		}
	}
	return node, nil
}

// parseAddr reads the IP of ip:port@cport[,hostname[,...]]. A node whose address is not known has none.
func parseAddr(field string) netip.Addr {
	field, _, _ = strings.Cut(field, "@")
	if colon := strings.LastIndexByte(field, ':'); colon >= 0 {
		field = field[:colon]
	}
	addr, err := netip.ParseAddr(strings.Trim(field, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap()
}

// addSlots reads 5, 0-9, [5->-id] or [5-<-id].
func (n *Node) addSlots(field string) error {
	if open, ok := strings.CutPrefix(field, "["); ok {
		open = strings.TrimSuffix(open, "]")
		for arrow, way := range map[string]map[int]string{"->-": n.Migrating, "-<-": n.Importing} {
			if number, id, ok := strings.Cut(open, arrow); ok {
				slot, err := parseSlot(number)
				way[slot] = id
				return err
			}
		}
		return errors.New("an open slot without direction")
	}
	first, last, isRange := strings.Cut(field, "-")
	if !isRange {
		last = first
	}
	from, err := parseSlot(first)
	if err != nil {
		return err
	}
	to, err := parseSlot(last)
	if err != nil {
		return err
	}
	if len(n.Slots) > 0 && n.Slots[len(n.Slots)-1].Last >= from || to < from {
		return errors.New("slots that do not ascend")
	}
	n.Slots = append(n.Slots, Range{from, to})
	return nil
}

func parseSlot(number string) (int, error) {
	slot, err := strconv.Atoi(number)
	if err != nil || slot < 0 || slot >= SlotCount {
		return 0, fmt.Errorf("no slot: %.20q", number)
	}
	return slot, nil
}
