package session

import "time"

// window allows a number of actions in each period, which begins with the first action after the last one.
type window struct {
	limit int
	every time.Duration
	began time.Time
	n     int
}

// take counts an action; false if it is too many.
func (w *window) take(now time.Time) bool {
	if now.Sub(w.began) >= w.every {
		w.began, w.n = now, 0
	}
	w.n++
	return w.n <= w.limit
}
