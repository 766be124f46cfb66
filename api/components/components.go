// Package components checks the components of messages and modals, and reads those that are kept.
//
//	raw JSON -> Check or CheckModal -> JSON as it is kept -> Parse -> Each, Find, Submit
//
// Each kind's check (message.go, inputs.go, layout.go, modal.go) reads one component as it was sent, notes what is wrong with
// it at its own path and returns it as it is kept: with what the kind has and nothing else, with an id and with Discord's
// defaults.
// https://discord.com/developers/docs/components/reference
package components

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Bounds of what is looked at, and of a message's components altogether.
const (
	maxComponents = 40
	maxText       = 4000 // characters over all text displays
	maxNesting    = 12   // of objects and lists in each other; the deepest component is an option's emoji at 10
	maxBytes      = 256 << 10
)

// Check checks the components of a message with the flags and returns them as they are kept; problems are noted below
// "components".
func Check(p *form.Problems, raw json.RawMessage, flags int) json.RawMessage {
	c := checker{problems: p}
	list, ok := c.read(raw)
	if !ok || len(list) == 0 {
		return discord.EmptyList
	}
	return c.finish(c.message(list, flags&discord.MessageFlagComponentsV2 != 0))
}

// CheckModal checks the components of a modal and returns them as they are sent to the user; problems are noted below
// "components".
func CheckModal(p *form.Problems, raw json.RawMessage) json.RawMessage {
	c := checker{problems: p}
	list, ok := c.read(raw)
	if !ok {
		return discord.EmptyList
	}
	return c.finish(c.modal(list))
}

// checker goes through the components of one message or modal.
type checker struct {
	problems  *form.Problems
	inModal   bool
	count     int
	text      int // characters of the text displays
	ids       map[form.Int]bool
	customIDs map[string]bool
}

// root is the path of the list.
const root = "components"

// read decodes the list; false if nothing can be said about what is in it.
func (c *checker) read(raw json.RawMessage) ([]Component, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	if len(raw) > maxBytes {
		c.problems.Add(root, "BASE_TYPE_MAX_LENGTH", fmt.Sprintf("Components are at most %d bytes.", maxBytes))
		return nil, false
	}
	if nesting(raw) > maxNesting {
		c.problems.Add(root, "BASE_TYPE_BAD_VALUE", "Components are nested too deeply.")
		return nil, false
	}
	var list []Component
	return list, c.problems.Part(root, raw, &list)
}

// nesting is how deep objects and lists are in each other in valid JSON.
func nesting(raw json.RawMessage) int {
	depth, deepest, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case quoted && b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '{', b == '[':
			depth++
			deepest = max(deepest, depth)
		case b == '}', b == ']':
			depth--
		}
	}
	return deepest
}

// finish gives ids to the components without one and encodes the list.
func (c *checker) finish(list []Component) json.RawMessage {
	if c.count > maxComponents {
		c.problems.Add(root, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("There are at most %d components.", maxComponents))
	}
	if c.text > maxText {
		c.problems.Add(root, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
			fmt.Sprintf("The text of all components is at most %d characters.", maxText))
	}
	next := form.Int(1)
	Each(list, func(one *Component) bool {
		if one.ID == 0 {
			for c.ids[next] {
				next++
			}
			one.ID = next
			next++
		}
		return true
	})
	encoded, err := json.Marshal(list)
	if err != nil {
		c.problems.Add(root, "BASE_TYPE_INVALID", "Components cannot be kept in this form.")
	}
	return encoded
}

// begin notes a component and returns it with what every kind has.
// https://discord.com/developers/docs/components/reference#anatomy-of-a-component
func (c *checker) begin(path string, sent *Component) Component {
	c.count++
	switch {
	case sent.ID < 0 || sent.ID > math.MaxInt32:
		c.problems.Range(form.At(path, "id"), int64(sent.ID), 0, math.MaxInt32)
	case sent.ID != 0 && c.ids[sent.ID]:
		c.problems.Add(form.At(path, "id"), "COMPONENT_ID_DUPLICATED", "Component ids are unique in a message.")
	case sent.ID != 0:
		if c.ids == nil {
			c.ids = map[form.Int]bool{}
		}
		c.ids[sent.ID] = true
	}
	return Component{Type: sent.Type, ID: sent.ID}
}

const maxCustomID = 100

// customID is the custom id of a component that must have one; it is unique.
func (c *checker) customID(path string, sent *Component) string {
	at := form.At(path, "custom_id")
	c.problems.Length(at, sent.CustomID, 1, maxCustomID)
	if c.customIDs[sent.CustomID] && sent.CustomID != "" {
		c.problems.Add(at, "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
	}
	if c.customIDs == nil {
		c.customIDs = map[string]bool{}
	}
	c.customIDs[sent.CustomID] = true
	return sent.CustomID
}

// oneOf reports whether a component is of a kind that may stand where it does.
func (c *checker) oneOf(path string, sent *Component, allowed ...Kind) bool {
	at := form.At(path, "type")
	if sent.Type == 0 {
		c.problems.Required(at)
		return false
	}
	form.OneOf(c.problems, at, sent.Type, allowed...)
	return slices.Contains(allowed, sent.Type)
}

// size checks the length of a list that must be there.
func (c *checker) size(path string, n, least, most int) {
	switch {
	case n == 0 && least > 0:
		c.problems.Required(path)
	case n < least || n > most:
		c.problems.Add(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", least, most))
	}
}

// optional checks a text that may be missing; an empty one counts as missing.
func (c *checker) optional(path string, text *string, most int) *string {
	if text == nil || *text == "" {
		return nil
	}
	c.problems.Length(path, *text, 1, most)
	return text
}

// required checks a text that must be there.
func (c *checker) required(path string, text *string, most int) *string {
	if text == nil {
		c.problems.Required(path)
	} else {
		c.problems.Length(path, *text, 1, most)
	}
	return text
}

func ptr[T any](v T) *T { return &v }

// or is the value, or the default when none was sent.
func or[T any](v *T, otherwise T) *T {
	if v == nil {
		return &otherwise
	}
	return v
}
