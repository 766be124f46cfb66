package journal

import (
	"context"
	"time"
)

// Pauses between attempts to begin the journal anew.
const (
	restoreMin = 100 * time.Millisecond
	restoreMax = 2 * time.Second
)

// run looks after the journal while nothing is appended.
func (w *Writer) run() {
	every := min(w.window/3, maxTouchEvery)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.lost:
			w.restore()
		case <-ticker.C:
			w.touch(every)
		}
	}
}

// touch has a journal live on that was left alone, and mends it if it has lost its end.
func (w *Writer) touch(every time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state != whole || w.last == 0 || time.Since(w.written) < every {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, touchTimeout)
	defer cancel()
	w.refresh(ctx)
}

// refresh writes an empty batch. The lock is held.
func (w *Writer) refresh(ctx context.Context) {
	payload, err := encode(w.last, nil)
	if err == nil {
		err = w.try(ctx, batch{w.last, w.last, payload}, nil)
	}
	if err != nil {
		w.log.Warn("journal not refreshed", "error", err)
		if w.state != whole {
			w.wake()
		}
		return
	}
	w.written = time.Now()
}

// restore tries to begin the journal anew until that is done, here or by an Append.
func (w *Writer) restore() {
	for pause := restoreMin; ; pause = min(2*pause, restoreMax) {
		select {
		case <-w.ctx.Done():
			return
		case <-time.After(pause):
		}
		if w.tryRestore(w.ctx) {
			return
		}
	}
}

// tryRestore begins the journal anew at what was dispatched last, without holding up an Append meanwhile. What is
// dispatched during the round trip is in neither the entries nor the heads: then the next Append begins it anew once more.
func (w *Writer) tryRestore(ctx context.Context) (done bool) {
	w.mu.Lock()
	if w.state == whole {
		w.mu.Unlock()
		return true
	}
	last := w.last
	payload, err := encode(last, nil)
	heads := w.heads.appendTo(nil)
	w.restarts++
	number := w.restarts
	w.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err == nil {
		err = w.runRestart(ctx, number, batch{last, last, payload}, heads)
	}

	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.state == whole:
		return true
	case err != nil || w.restarts != number:
		return false
	case w.last != last:
		w.state = severed
		return false
	}
	w.begun()
	return true
}

// Close ends the writer. The journal lives for another window.
func (w *Writer) Close() {
	w.mu.Lock()
	closed := w.closed
	w.closed = true
	w.mu.Unlock()
	w.stop()
	w.work.Wait()
	if closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if w.tryRestore(ctx) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.last > 0 {
			w.refresh(ctx)
		}
	}
	degraded.Set(0)
}
