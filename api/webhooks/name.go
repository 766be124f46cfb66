package webhooks

import (
	"strings"

	"guildhall.chat/guildhall/api/form"
)

const maxName = 80

// misleading are what a webhook's name may not contain: it would be taken for the platform itself.
// https://discord.com/developers/docs/resources/webhook#create-webhook
var misleading = []string{"clyde", "discord"}

// checkName checks what a webhook is to be called and returns it trimmed.
func checkName(p *form.Problems, field, name string) string {
	name = strings.TrimSpace(name)
	p.Length(field, name, 1, maxName)
	for _, word := range misleading {
		if strings.Contains(strings.ToLower(name), word) {
			p.Add(field, "USERNAME_INVALID_CONTAINS", `Username cannot contain "`+word+`"`)
		}
	}
	return name
}
