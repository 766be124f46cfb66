package delivery

import (
	"encoding/json"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/codec"
)

func TestHistoryCountsWhatSendingAdds(t *testing.T) {
	t.Parallel()
	const bound = 100_000
	data := json.RawMessage(`"` + strings.Repeat("x", 1000) + `"`)
	etf := codec.NewEncoder(codec.Params{Encoding: codec.ETF}, true)
	h := newHistory(bound)
	for position := int64(1); position < 500; position++ {
		sh := codec.NewDispatch("X", data)
		h.add([]*Delivery{{Parts: []Part{{Dispatch: sh}}, position: position}})
		etf.AppendDispatch(nil, position, sh)
	}
	held, counted := 0, 0
	for _, d := range h.kept {
		held += d.size()
		counted += d.counted
	}
	if newest := h.kept[len(h.kept)-1]; held > bound+newest.size() || held < bound/2 {
		t.Errorf("%d deliveries of %d bytes are kept, the bound is %d", len(h.kept), held, bound)
	}
	if counted != h.bytes {
		t.Errorf("%d bytes are counted, which add up to %d", h.bytes, counted)
	}
}
