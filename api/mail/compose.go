package mail

import (
	"crypto/rand"
	"fmt"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// compose makes the message as it is transmitted.
func compose(from string, m Message, encoding gomail.Encoding) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithEncoding(encoding), gomail.WithNoDefaultUserAgent())
	if err := msg.FromFormat("Guildhall", from); err != nil {
		return nil, fmt.Errorf("%w: sender: %w", ErrPermanent, err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("%w: recipient: %w", ErrPermanent, err)
	}
	msg.Subject(m.Subject)
	msg.SetDate()
	_, domain, _ := strings.Cut(from, "@")
	msg.SetMessageIDWithValue(rand.Text() + "@" + domain) // by default it would tell the machine's name
	msg.SetBodyString(gomail.TypeTextPlain, strings.ReplaceAll(m.Text, "\n", "\r\n"))
	return msg, nil
}
