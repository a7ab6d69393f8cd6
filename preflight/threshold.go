package preflight

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Threshold is a number in a check that a team may see otherwise; a policy file
// moves it. What Kubernetes or GKE fixes is none.
type Threshold struct {
	// Check is the ID of the check that reads it.
	Check string
	// Name is what it counts, and so its unit: days, percent, restarts.
	Name string
	// Default applies where no policy says otherwise.
	Default int
	// Min and Max are what it may be moved to.
	Min, Max int
	// What says what is counted, as in "days before the end of support from which on it is told".
	What string
}

// Of is its value for a run over s.
func (t Threshold) Of(s *facts.Snapshot) int {
	if v, ok := moved.Of(s)[t.Key()]; ok {
		return v
	}
	return t.Default
}

// moved are the thresholds that a policy moves, by [Threshold.Key]: of a run and not of
// the cluster, so that no recording has them.
var moved = &facts.Derivation[map[string]int]{Compute: func(*facts.Snapshot) map[string]int { return nil }}

// MoveThresholds returns a copy of s over which a run has these values, by
// [Threshold.Key], in place of the defaults.
func MoveThresholds(s *facts.Snapshot, values map[string]int) *facts.Snapshot {
	return moved.Given(s, values)
}

// Key names it among those of all checks, such as GP304.days.
func (t Threshold) Key() string { return t.Check + "." + t.Name }

// Duration is its value for a run over s as a time; zero if Name is no unit of time.
func (t Threshold) Duration(s *facts.Snapshot) time.Duration {
	unit := map[string]time.Duration{"milliseconds": time.Millisecond, "minutes": time.Minute, "hours": time.Hour, "days": 24 * time.Hour}[t.Name]
	return time.Duration(t.Of(s)) * unit
}

// String is what the check's page says about it.
func (t Threshold) String() string {
	return fmt.Sprintf("Threshold `%s`: %s. Default %d, from %d to %d.", t.Name, t.What, t.Default, t.Min, t.Max)
}
