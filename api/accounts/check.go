package accounts

import (
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/mail"
)

// Lengths in characters.
const (
	minPassword, maxPassword = 8, 72
	maxBio                   = 190
	maxPronouns              = 40
)

// Ages of those who may have an account, in years.
const minAge, maxAge = 13, 150

// validatePassword tells whether a password would be taken.
// https://docs.discord.food/authentication#validate-password
func (h *Handlers) validatePassword(c *call.Call) error {
	var body struct {
		Password string `json:"password"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("password", body.Password, minPassword, maxPassword)
	return c.OK(struct {
		Valid bool `json:"valid"`
	}{p.Err() == nil})
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
