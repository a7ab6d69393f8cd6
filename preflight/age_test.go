package preflight_test

import (
	"testing"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
)

func TestWords(t *testing.T) {
	for age, want := range map[time.Duration]string{
		time.Second: "1 seconds", 90 * time.Second: "90 seconds", 119 * time.Minute: "119 minutes",
		47 * time.Hour: "47 hours", 48 * time.Hour: "2 days", 800 * 24 * time.Hour: "2 years",
	} {
		if got := preflight.Words(age); got != want {
			t.Errorf("%v: %q, want %q", age, got, want)
		}
	}
}

// A report of an earlier version did not keep the time that it was drawn up for:
// nothing is said of its age, rather than that it is as old as the calendar.
func TestAge(t *testing.T) {
	seen := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		report preflight.Report
		want   time.Duration
	}{
		{preflight.Report{CollectedAt: seen, AsOf: seen.Add(time.Hour)}, time.Hour},
		{preflight.Report{CollectedAt: seen, AsOf: seen.Add(-time.Hour)}, 0},
		{preflight.Report{CollectedAt: seen}, 0},
		{preflight.Report{AsOf: seen}, 0},
	} {
		if got := c.report.Age(); got != c.want {
			t.Errorf("%+v is %v old, want %v", c.report, got, c.want)
		}
	}
}
