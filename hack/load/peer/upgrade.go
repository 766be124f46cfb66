package peer

import (
	"bufio"
	"crypto/sha1" // RFC 6455 section 4.2.2 names it
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"time"
)

const handshakeTimeout = 30 * time.Second

// guid is of https://www.rfc-editor.org/rfc/rfc6455#section-1.3.
const guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgrade answers a client's handshake.
func upgrade(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return err
	}
	request, err := http.ReadRequest(bufio.NewReaderSize(conn, 1<<10))
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	sum := sha1.Sum([]byte(request.Header.Get("Sec-WebSocket-Key") + guid))
	if _, err := fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:])); err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	return conn.SetDeadline(time.Time{})
}
