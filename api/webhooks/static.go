package webhooks

import (
	"encoding/json"

	"guildhall.chat/guildhall/api/form"
)

// Types of component and style of button that checkStatic looks at.
// https://discord.com/developers/docs/components/reference#component-object-component-types
const (
	typeButton        = 2
	typeStringSelect  = 3
	typeUserSelect    = 5
	typeRoleSelect    = 6
	typeMentionSelect = 7
	typeChannelSelect = 8
	styleLink         = 5
)

// component is what tells whether a component, or one in it, is interactive.
type component struct {
	Type       int         `json:"type"`
	Style      int         `json:"style"`
	Components []component `json:"components"`
	Accessory  *component  `json:"accessory"`
}

func (c *component) interactive() bool {
	switch c.Type {
	case typeButton:
		return c.Style != styleLink
	case typeStringSelect, typeUserSelect, typeRoleSelect, typeMentionSelect, typeChannelSelect:
		return true
	}
	return false
}

// checkStatic refuses interactive components: nobody answers for a webhook of no application.
func checkStatic(p *form.Problems, checked json.RawMessage) {
	var list []component
	if json.Unmarshal(checked, &list) != nil {
		return // what is wrong with them has been noted
	}
	for i := range list {
		list[i].static(p, form.At("components", i))
	}
}

func (c *component) static(p *form.Problems, path string) {
	if c.interactive() {
		p.Add(form.At(path, "type"), "WEBHOOK_COMPONENT_NOT_ALLOWED",
			"Interactive components can only be sent by a webhook of an application.")
	}
	for i := range c.Components {
		c.Components[i].static(p, form.At(path, "components", i))
	}
	if c.Accessory != nil {
		c.Accessory.static(p, form.At(path, "accessory"))
	}
}
