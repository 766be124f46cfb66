package socket

import "guildhall.chat/guildhall/internal/codec"

// appendControls encodes what is no dispatch.
func (w *writer) appendControls(enc *codec.Encoder, list []control) {
	for _, ctl := range list {
		if ctl.pong != nil {
			w.buf = appendFrame(w.buf, framePong, ctl.pong)
			continue
		}
		buf, start := beginFrame(w.buf)
		buf, binary, err := enc.Append(buf, ctl.op, ctl.d)
		if err != nil {
			// The payloads are this program's own, and all can be encoded.
			panic(err)
		}
		w.buf = endFrame(buf, start, frameType(binary))
	}
}

// appendDispatches encodes dispatches.
func (w *writer) appendDispatches(enc *codec.Encoder, batch []Dispatch) {
	for _, d := range batch {
		buf, start := beginFrame(w.buf)
		buf, binary := enc.AppendDispatch(buf, d.Seq, d.Shared)
		w.buf = endFrame(buf, start, frameType(binary))
	}
}

func frameType(binary bool) byte {
	if binary {
		return frameBinary
	}
	return frameText
}
