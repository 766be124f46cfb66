// Package discord holds the wire protocol as facts: objects, opcodes, close codes, intents and error codes.
//
// The types are pure: they know their JSON form and nothing of storage or transport. Where Discord requires a
// field it has no omitempty here; where Discord sends null the field is a pointer. One resource a file; each type
// names the page of Discord's documentation that describes it.
package discord
