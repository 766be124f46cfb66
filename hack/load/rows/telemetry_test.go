package rows

import (
	"math"
	"testing"
)

func TestConfidenceIsStudents(t *testing.T) {
	t.Parallel()
	// Of five values with mean 3 and variance 2.5, the half width is t(4) sqrt(2.5/5).
	mean, half := confidence([]float64{1, 2, 3, 4, 5})
	if mean != 3 || math.Abs(half-2.776*math.Sqrt(0.5)) > 1e-9 {
		t.Errorf("%v ± %v", mean, half)
	}
	if _, half := confidence(make([]float64, 100)); half != 0 {
		t.Errorf("what is all the same is known to ± %v", half)
	}
}
