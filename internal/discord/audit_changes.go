package discord

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// AuditChanges compares two states of an object by their JSON and lists the keys that differ, in the order given. A nil
// state is an object that does not exist yet or any more; a key that is null or absent counts as not set.
// https://discord.com/developers/docs/resources/audit-log#audit-log-change-object
func AuditChanges(before, after any, keys ...string) ([]AuditChange, error) {
	was, err := fields(before)
	if err != nil {
		return nil, err
	}
	is, err := fields(after)
	if err != nil {
		return nil, err
	}
	var changes []AuditChange
	for _, key := range keys {
		if !bytes.Equal(was[key], is[key]) {
			changes = append(changes, AuditChange{Key: key, Old: was[key], New: is[key]})
		}
	}
	return changes, nil
}

// fields are an object's keys that are not null.
func fields(object any) (map[string]json.RawMessage, error) {
	encoded, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("encode for the audit log: %w", err)
	}
	var set map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &set); err != nil {
		return nil, fmt.Errorf("encode for the audit log: %w", err)
	}
	for key, value := range set {
		if string(value) == "null" {
			delete(set, key)
		}
	}
	return set, nil
}
