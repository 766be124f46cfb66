package accounts

import (
	"regexp"
	"strings"
	"time"
	"unicode"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/mail"
)

// Lengths in characters.
const (
	minName, maxName         = 2, 32
	maxGlobalName            = 32
	minPassword, maxPassword = 8, 72
	maxBio                   = 190
)

// Ages of those who may have an account, in years.
const minAge, maxAge = 13, 150

// username is what people may be called: unique in lower case.
// https://support.discord.com/hc/en-us/articles/12620128861463
var username = regexp.MustCompile(`^[a-z0-9_.]+$`)

// reserved are names that would be mistaken for something else.
// https://discord.com/developers/docs/resources/user#usernames-and-nicknames
var reserved = map[string]bool{"everyone": true, "here": true}

// checkUsername checks the name of a person, in lower case.
func checkUsername(p *form.Problems, name string) {
	p.Length("username", name, minName, maxName)
	switch {
	case name == "":
	case !username.MatchString(name) || strings.Contains(name, ".."):
		p.Add("username", "USERNAME_INVALID_CHARACTERS",
			"A username may have letters, digits, underscores and single periods only.")
	case reserved[name]:
		p.Add("username", "USERNAME_INVALID_CONTAINS", "This username is reserved.")
	}
}

// CheckBotName checks the name of a bot, which need not be unique.
// https://discord.com/developers/docs/resources/user#usernames-and-nicknames
func CheckBotName(p *form.Problems, field, name string) {
	p.Length(field, name, minName, maxName)
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

func checkEmail(p *form.Problems, email string) {
	switch {
	case email == "":
		p.Required("email")
	case !mail.ValidAddress(email):
		p.Add("email", "EMAIL_TYPE_INVALID_EMAIL", "Not a well formed email address.")
	}
}

// birth reads a date of birth and checks the age.
func birth(p *form.Problems, text string, now time.Time) time.Time {
	if text == "" {
		p.Required("date_of_birth")
		return time.Time{}
	}
	date, err := time.Parse(time.DateOnly, text)
	switch {
	case err != nil:
		p.Add("date_of_birth", "DATE_OF_BIRTH_INVALID", "Expected a date as YYYY-MM-DD.")
	case date.AddDate(minAge, 0, 0).After(now):
		p.Add("date_of_birth", "DATE_OF_BIRTH_UNDERAGE", "You need to be 13 or older.")
	case date.AddDate(maxAge, 0, 0).Before(now):
		p.Add("date_of_birth", "DATE_OF_BIRTH_INVALID", "Nobody is that old.")
	}
	return date
}
