package webhooks

import (
	"encoding/json"

	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/form"
)

// checkStatic refuses interactive components: nobody answers for a webhook of no application.
func checkStatic(p *form.Problems, sent json.RawMessage) {
	list, err := components.Parse(sent)
	if err != nil {
		return // what is wrong with them is noted by who checks them as a whole
	}
	static(p, "components", list)
}

func static(p *form.Problems, path string, list []components.Component) {
	for i := range list {
		c, at := &list[i], form.At(path, i)
		refuse(p, at, c)
		if c.Accessory != nil {
			refuse(p, form.At(at, "accessory"), c.Accessory)
		}
		static(p, form.At(at, "components"), c.Components)
	}
}

func refuse(p *form.Problems, path string, c *components.Component) {
	if c.Interactive() {
		p.Add(form.At(path, "type"), "WEBHOOK_COMPONENT_NOT_ALLOWED",
			"Interactive components can only be sent by a webhook of an application.")
	}
}
