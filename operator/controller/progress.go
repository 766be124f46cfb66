package controller

import (
	"time"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// progress is how far a pass came.
type progress struct {
	reason  string        // of the condition Progressing
	waiting string        // what has to get ready before the rollout goes on, kind and name; "": nothing
	advice  string        // where to look if that takes too long
	again   time.Duration // when to look again, where no watch tells; 0: a watch does
	failed  *failure
}

// failure is what does not go away by waiting.
type failure struct {
	reason  string // of the condition Degraded
	message string // says what to do
	retry   bool   // look again by itself: nothing that is watched tells that it has gone
}

// held says that the image of the spec is not rolled out, though all else may be.
func (p progress) held(skipped *failure) progress {
	if skipped == nil {
		return p
	}
	switch {
	case p.reason == v1alpha1.ReasonUpToDate: // whatever else failed, nothing waits for it
		p.reason, p.failed = v1alpha1.ReasonBlocked, skipped
	case p.failed == nil:
		p.failed = skipped
	}
	return p
}

// with joins how far two things came that are done side by side: a failure is said rather than a wait.
func (p progress) with(other progress) progress {
	again := sooner(p.again, other.again)
	if p.failed == nil && (other.failed != nil || p.reason == "") {
		p = other
	}
	p.again = again
	return p
}
