// Package window works out when a cluster's maintenance windows are.
package window

import (
	"fmt"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Horizon is until when certificates must be good: the end of the next
// maintenance window, or so many days where none is known; and why then.
func Horizon(s *facts.Snapshot, days int) (until time.Time, why string) {
	now := s.Meta.Now()
	otherwise := func(why string) (time.Time, string) {
		return now.AddDate(0, 0, days), fmt.Sprintf("%d days, as %s", days, why)
	}
	c, known := facts.GKECluster.Get(s)
	switch {
	case !known:
		return otherwise("the maintenance window was not read")
	case c.Maintenance == (facts.MaintenanceWindow{}):
		return otherwise("the cluster has no maintenance window")
	}
	if end, ok := nextEnd(c.Maintenance, now); ok {
		return end, "the end of the next maintenance window"
	}
	return otherwise(fmt.Sprintf("it is not worked out when the maintenance window %q is next", c.Maintenance.Recurrence))
}

// farthest is how many years ahead a window is looked for.
const farthest = 2

// nextEnd is the end of the first window that ends after now; false where there is
// none, or the rule can't be read. A rule by the hour is none of a window's, and would
// take long to follow.
func nextEnd(w facts.MaintenanceWindow, now time.Time) (time.Time, bool) {
	length := w.End.Sub(w.Start)
	if length <= 0 || length > 31*24*time.Hour {
		return time.Time{}, false
	}
	if w.Recurrence == "" {
		return w.End, w.End.After(now)
	}
	o, err := rrule.StrToROption(strings.ToUpper(w.Recurrence))
	if err != nil || o.Freq > rrule.DAILY {
		return time.Time{}, false
	}
	o.Dtstart = w.Start.UTC()
	if last := now.AddDate(farthest, 0, 0); o.Until.IsZero() || o.Until.After(last) {
		o.Until = last
	}
	rule, err := rrule.NewRRule(*o)
	if err != nil {
		return time.Time{}, false
	}
	start := rule.After(now.Add(-length), false)
	return start.Add(length), !start.IsZero()
}
