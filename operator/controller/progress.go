package controller

// progress is how far a pass came.
type progress struct {
	reason  string // of the condition Progressing
	waiting string // the object that has to get ready before the rollout goes on, kind and name; "": none
	advice  string // where to look if that takes too long
	failed  *failure
}

// failure is what does not go away by waiting.
type failure struct {
	reason  string // of the condition Degraded
	message string // says what to do
	retry   bool   // look again by itself: nothing that is watched tells that it has gone
}
