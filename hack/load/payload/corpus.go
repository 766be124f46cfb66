package payload

import (
	"encoding/json"
	"fmt"
	"os"
)

// Message is one message as the gateway sent it, to be sent again by its peers.
type Message struct {
	Data  json.RawMessage `json:"data"`  // the d of the MESSAGE_CREATE
	Frame []byte          `json:"frame"` // the whole WebSocket frame, compressed if the connection was
}

// Corpus are messages for peers, which send them one after the other and begin again after the last.
type Corpus []Message

// Write writes the corpus to a file for Read.
func (c Corpus) Write(path string) error {
	content, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o600)
}

// Read reads a corpus that Write wrote.
func Read(path string) (Corpus, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var c Corpus
	if err := json.Unmarshal(content, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(c) == 0 {
		return nil, fmt.Errorf("%s: empty", path)
	}
	return c, nil
}
