package clients

import (
	"bytes"
	"encoding/json"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
)

// capture gathers messages as a client gets them.
type capture struct {
	path   string
	want   int
	corpus payload.Corpus
}

// add keeps a message and tells whether that was the last; the corpus is written then.
func (k *capture) add(f frame, d []byte) (done bool, err error) {
	k.corpus = append(k.corpus, payload.Message{Data: json.RawMessage(bytes.Clone(d)), Frame: serverFrame(f)})
	if len(k.corpus) < k.want {
		return false, nil
	}
	return true, k.corpus.Write(k.path)
}

// serverFrame makes the frame anew as it was received.
func serverFrame(f frame) []byte {
	const final = 0x80
	b := []byte{final | f.op}
	switch n := len(f.payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, f.payload...)
}

// capturedAll ends the capture.
func (l *loop) capturedAll(err error) {
	l.capture = nil
	r := control.Report{Is: control.Captured}
	if err != nil {
		r.Text = err.Error()
	}
	l.report(r)
}
