package mail

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Directory writes each message as a file, for platforms without a mail server. Names sort by time.
type Directory struct{ dir, from string }

// NewDirectory returns a transport into dir, which is made if it is not there, with from as the sender.
func NewDirectory(dir, from string) (*Directory, error) {
	if err := checkSender(from); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of mails: %w", err)
	}
	return &Directory{dir: dir, from: from}, nil
}

// Deliver writes the message. A file that ends in .eml is whole.
func (d *Directory) Deliver(_ context.Context, m Message) error {
	msg, err := compose(d.from, m, gomail.NoEncoding) // whoever opens the file wants to read it
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(d.dir, ".writing-*") // only its owner may read it
	if err != nil {
		return fmt.Errorf("write mail: %w", err)
	}
	_, err = msg.WriteTo(file)
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		name := time.Now().UTC().Format("20060102T150405.000000") + "-" + rand.Text()[:6] + ".eml"
		err = os.Rename(file.Name(), filepath.Join(d.dir, name))
	}
	if err != nil {
		_ = os.Remove(file.Name())
		return fmt.Errorf("write mail: %w", err)
	}
	return nil
}
