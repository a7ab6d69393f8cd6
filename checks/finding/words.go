package finding

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// Count is so many of a thing, such as "2 nodes".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Age is a duration for a person, to the second or coarser.
func Age(d time.Duration) string { return words.Age(d) }

// Roughly is a duration in whole days, hours or minutes.
func Roughly(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return Count(int(d.Hours()/24), "day")
	case d >= 2*time.Hour:
		return Count(int(d.Hours()), "hour")
	}
	return Count(int(d.Minutes()), "minute")
}

// Since says over what time the metrics count; empty if they do not say.
func Since(s *facts.Snapshot, m facts.Metrics) string {
	started, err := time.Parse(time.RFC3339, m.StartedAt)
	if err != nil || s.Meta.CollectedAt.Before(started) {
		return ""
	}
	return fmt.Sprintf(" in the %s since it started", Roughly(s.Meta.CollectedAt.Sub(started)))
}

// Day is the date for a person.
func Day(t time.Time) string {
	if t.IsZero() {
		return "an unknown day"
	}
	return t.UTC().Format(time.DateOnly)
}

// Moment is a time for a person, to the minute.
func Moment(t time.Time) string {
	if t.IsZero() {
		return "an unknown time"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
