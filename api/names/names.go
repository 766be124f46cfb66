// Package names says what people, bots and applications may be called.
package names

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
)

// Lengths in characters.
const least, most = 2, 32

// username is what people may be called: unique in lower case.
// https://support.discord.com/hc/en-us/articles/12620128861463
var username = regexp.MustCompile(`^[a-z0-9_.]+$`)

// reserved are names that would be mistaken for something else.
// https://discord.com/developers/docs/resources/user#usernames-and-nicknames
var reserved = map[string]bool{"everyone": true, "here": true}

// CheckUser checks the username of a person, in lower case.
func CheckUser(p *form.Problems, name string) {
	p.Length("username", name, least, most)
	switch {
	case name == "":
	case !username.MatchString(name) || strings.Contains(name, ".."):
		p.Add("username", "USERNAME_INVALID_CHARACTERS",
			"A username may have letters, digits, underscores and single periods only.")
	case reserved[name]:
		p.Add("username", "USERNAME_INVALID_CONTAINS", "This username is reserved.")
	}
}

// CheckBot checks the name of a bot, which need not be unique.
// https://discord.com/developers/docs/resources/user#usernames-and-nicknames
func CheckBot(p *form.Problems, field, name string) {
	p.Length(field, name, least, most)
	lower := strings.ToLower(name)
	if reserved[lower] {
		p.Add(field, "USERNAME_INVALID_CONTAINS", "This username is reserved.")
	}
	for _, forbidden := range []string{"@", "#", ":", "```"} {
		if strings.Contains(lower, forbidden) {
			p.Add(field, "USERNAME_INVALID_CONTAINS", "A username cannot contain \""+forbidden+"\".")
		}
	}
	checkPrintable(p, field, name)
}

// CheckDisplay checks what a person wants to be called.
func CheckDisplay(p *form.Problems, field, name string) {
	p.Max(field, utf8.RuneCountInString(name), most)
	checkPrintable(p, field, name)
}

// checkPrintable refuses names that can't be seen, or that run into what stands beside them.
func checkPrintable(p *form.Problems, field, name string) {
	if name == "" {
		return
	}
	if strings.TrimSpace(name) != name {
		p.Add(field, "BASE_TYPE_BAD_VALUE", "A name cannot begin or end with a space.")
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			p.Add(field, "BASE_TYPE_BAD_VALUE", "A name cannot contain control characters.")
			return
		}
	}
}
