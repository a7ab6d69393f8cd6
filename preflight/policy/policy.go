// Package policy re-labels what the checks found: it moves severities and thresholds, waives
// findings and accepts open questions for a time and with a reason, and compares
// with an earlier report. It drops nothing. It is pure: the day on which waivers
// are judged is given to it.
package policy

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
)

const (
	// APIVersion and Kind stand at the head of a policy file.
	APIVersion = "gke-preflight/v1"
	// Kind is the only kind of document that there is.
	Kind = "Policy"
	// MaxDays is how many days from the day of the run a waiver may end at most:
	// what is accepted is looked at again once a quarter.
	MaxDays = 90
	// SoonDays is how many days before its end a waiver is reported to end soon.
	SoonDays = 14
	// dateLayout is how a day is written, in files and in reports.
	dateLayout = time.DateOnly
)

// A Policy is what a policy file says.
type Policy struct {
	// File is its name, for messages.
	File       string
	Severities []Override
	Thresholds []Moved
	Waivers    []Waiver
}

// A Scope says which findings and open questions an entry is about, and why.
type Scope struct {
	// Check is the check's ID.
	Check string
	// Subject is a pattern for the subject as the report writes it, Kind
	// namespace/name (webhook); empty for any.
	Subject string
	// Cluster is a pattern for project/location/name; empty for any.
	Cluster string
	Reason  string
	// Line is where the entry begins in the file.
	Line int
}

// String names what the scope covers: the check, and the patterns that are given.
func (s Scope) String() string {
	name := s.Check
	if s.Subject != "" {
		name += " for " + s.Subject
	}
	if s.Cluster != "" {
		name += " of cluster " + s.Cluster
	}
	return name
}

// An Override replaces a severity. It can't lower that of a check which can find
// blockers: to accept a blocker takes a waiver, which ends.
type Override struct {
	Scope
	Severity preflight.Severity
}

// A Waiver accepts findings and open questions up to a day, and with it.
type Waiver struct {
	Scope
	// Until is the last day, at midnight UTC.
	Until time.Time
	// Owner is empty if nobody is named.
	Owner string
}

// A State says what a waiver is worth on a day.
type State string

const (
	// InForce: it applies, for more than [SoonDays].
	InForce State = "in force"
	// EndsSoon: it applies, and ends within [SoonDays].
	EndsSoon State = "ends soon"
	// Expired: its last day is over, and it covers nothing.
	Expired State = "expired"
)

// On returns what the waiver is worth on a day, which [Day] made.
func (w Waiver) On(day time.Time) State {
	switch left := daysUntil(w.Until, day); {
	case left < 0:
		return Expired
	case left <= SoonDays:
		return EndsSoon
	}
	return InForce
}

// Day is the day of t in UTC, at midnight.
func Day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// ParseDay reads a day such as 2026-12-31.
func ParseDay(s string) (time.Time, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil {
		return t, fmt.Errorf("%q is no day: write it as 2026-12-31", s)
	}
	return t, nil
}

func daysUntil(until, day time.Time) int { return int(until.Sub(day) / (24 * time.Hour)) }

func (p *Policy) by(s Scope) string { return fmt.Sprintf("%s:%d", p.File, s.Line) }
