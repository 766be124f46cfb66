package mail

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const link = "http://127.0.0.1:8080/api/v10/auth/verify?token=0123456789012345678901234567890123456789012"

func testMessage() Message {
	return Message{To: "reader@example.com", Subject: "Verify your address", Text: "Hello,\n\n" + link + "\n"}
}

// check reads a whole mail.
func check(t *testing.T, r io.Reader) {
	t.Helper()
	got, err := netmail.ReadMessage(r)
	if err != nil {
		t.Fatal(err)
	}
	from, err := netmail.ParseAddress(got.Header.Get("From"))
	if err != nil || from.Address != "guildhall@localhost" {
		t.Errorf("From %q", got.Header.Get("From"))
	}
	to, err := netmail.ParseAddress(got.Header.Get("To"))
	if err != nil || to.Address != "reader@example.com" {
		t.Errorf("To %q", got.Header.Get("To"))
	}
	if got.Header.Get("Subject") != "Verify your address" || got.Header.Get("Date") == "" || got.Header.Get("Message-Id") == "" {
		t.Errorf("header %v", got.Header)
	}
	text := got.Body
	if got.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
		text = quotedprintable.NewReader(text)
	}
	body, _ := io.ReadAll(text)
	if !strings.Contains(string(body), "\n"+link+"\r\n") {
		t.Errorf("the link is not a line of its own:\n%s", body)
	}
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "mail")
	transport, err := NewDirectory(dir, "guildhall@localhost")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := transport.Deliver(t.Context(), testMessage()); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, entry := range files {
		if !strings.HasSuffix(entry.Name(), ".eml") {
			t.Errorf("file %s", entry.Name())
		}
		path := filepath.Join(dir, entry.Name())
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		check(t, file)
		_ = file.Close()
	}
}

// server is a mail server that takes one mail, over plain TCP, and tells what it was told.
func server(t *testing.T, replies map[string]string) (addr string, commands <-chan string, mails <-chan string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	told, got := make(chan string, 100), make(chan string, 1)
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		defer close(told)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		_ = conn.SetDeadline(time.Now().Add(time.Minute))
		lines := bufio.NewScanner(conn)
		say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
		say("220 test")
		for lines.Scan() {
			verb, _, _ := strings.Cut(strings.ToUpper(lines.Text()), " ")
			told <- verb
			reply, special := replies[verb]
			switch {
			case special:
				say(reply)
			case verb == "DATA":
				say("354 go on")
				var mail strings.Builder
				for lines.Scan() && lines.Text() != "." {
					mail.WriteString(lines.Text() + "\r\n")
				}
				got <- mail.String()
				say("250 taken")
			case verb == "QUIT":
				say("221 bye")
				return
			default:
				say("250 ok")
			}
		}
	}()
	return listener.Addr().String(), told, got
}

func TestSMTP(t *testing.T) {
	t.Parallel()
	addr, _, mails := server(t, nil)
	transport, err := NewSMTP(addr, "guildhall@localhost", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := transport.Deliver(t.Context(), testMessage()); err != nil {
		t.Fatal(err)
	}
	check(t, strings.NewReader(<-mails))
}

func TestSMTPNeverSendsAPasswordInTheClear(t *testing.T) {
	t.Parallel()
	addr, commands, _ := server(t, map[string]string{"EHLO": "250-test\r\n250 AUTH PLAIN LOGIN"})
	transport, err := NewSMTP(addr, "guildhall@localhost", "the-password")
	if err != nil {
		t.Fatal(err)
	}
	err = transport.Deliver(t.Context(), testMessage())
	if err == nil || strings.Contains(err.Error(), "the-password") {
		t.Errorf("got %v", err)
	}
	for command := range commands {
		if command == "AUTH" || command == "MAIL" {
			t.Errorf("%s without TLS", command)
		}
	}
}

func TestSMTPTellsPermanentFailures(t *testing.T) {
	t.Parallel()
	for reply, permanent := range map[string]bool{"550 no such user": true, "451 try later": false} {
		addr, _, _ := server(t, map[string]string{"RCPT": reply})
		transport, err := NewSMTP(addr, "guildhall@localhost", "")
		if err != nil {
			t.Fatal(err)
		}
		err = transport.Deliver(t.Context(), testMessage())
		if err == nil || errors.Is(err, ErrPermanent) != permanent {
			t.Errorf("%s: %v", reply, err)
		}
	}
}

func TestSMTPStopsWithItsContext(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	transport, err := NewSMTP(listener.Addr().String(), "guildhall@localhost", "")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := transport.Deliver(ctx, testMessage()); err == nil {
		t.Error("delivered to nobody")
	}
}

func TestConfigurationMistakes(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"", "mail.example.com", "mail.example.com:x", "mail.example.com:0", ":25:25"} {
		if _, err := NewSMTP(addr, "guildhall@localhost", ""); err == nil {
			t.Errorf("server %q was accepted", addr)
		}
	}
	if _, err := NewSMTP("mail.example.com:587", "Guildhall", ""); err == nil {
		t.Error("a sender that is no address was accepted")
	}
	if _, err := NewDirectory(t.TempDir(), ""); err == nil {
		t.Error("no sender was accepted")
	}
}
