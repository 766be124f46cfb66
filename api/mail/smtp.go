package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP hands messages to a mail server.
type SMTP struct {
	from    string
	host    string
	dialer  dialer
	options []gomail.Option
}

// dialer is a net.Dialer or tls.Dialer.
type dialer interface {
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	// submissions is the port whose connections begin with TLS. RFC 8314 section 3.3.
	submissions = 465
	smtpTimeout = 15 * time.Second
	// permanentReply is the first reply code that says not to try again. RFC 5321 section 4.2.1.
	permanentReply = 500
)

// NewSMTP returns a transport to the server at addr, host:port, with from as the sender. With a password it authenticates as
// from. The connection is encrypted, or nothing is sent; only a server on this machine that is asked without a password may
// do without TLS.
func NewSMTP(addr, from, password string) (*SMTP, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("mail server %q is not host:port", addr)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 1 || port > 65535 {
		return nil, fmt.Errorf("mail server %q has no valid port", addr)
	}
	if err := checkSender(from); err != nil {
		return nil, err
	}
	policy := gomail.TLSMandatory
	if password == "" && isLocal(host) {
		policy = gomail.TLSOpportunistic
	}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(smtpTimeout), gomail.WithTLSPolicy(policy), gomail.WithoutNoop(),
	}
	var dial dialer = &net.Dialer{}
	if port == submissions {
		dial = &tls.Dialer{Config: &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}}
		options = append(options, gomail.WithSSL())
	}
	if password != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(from), gomail.WithPassword(password))
	}
	if _, err := gomail.NewClient(host, options...); err != nil {
		return nil, fmt.Errorf("mail server: %w", err)
	}
	return &SMTP{from: from, host: host, dialer: dial, options: options}, nil
}

func isLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// Deliver sends a message over a connection of its own.
func (s *SMTP) Deliver(ctx context.Context, m Message) error {
	msg, err := compose(s.from, m, gomail.EncodingQP)
	if err != nil {
		return err
	}
	// The client leaves the connection open when it does not get as far as it wants, TLS for instance.
	var conn net.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close()
		}
	}()
	dial := gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		conn, err = s.dialer.DialContext(ctx, network, address)
		return conn, err
	})
	client, err := gomail.NewClient(s.host, append(slices.Clone(s.options), dial)...)
	if err != nil {
		return fmt.Errorf("mail server: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, msg)
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() >= permanentReply {
		return fmt.Errorf("%w: %w", ErrPermanent, err)
	}
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return nil
}
