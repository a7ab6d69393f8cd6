package whatif

import (
	"fmt"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// month is for how many days certificates must last where no maintenance window tells.
const month = 30

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

// nextEnd is the end of the first window that ends after now, of those that are
// daily or on days of the week. Other rules are not worked out.
func nextEnd(w facts.MaintenanceWindow, now time.Time) (time.Time, bool) {
	length := w.End.Sub(w.Start)
	if length <= 0 || length > 31*24*time.Hour {
		return time.Time{}, false
	}
	if w.Recurrence == "" {
		return w.End, w.End.After(now)
	}
	days, ok := weekdays(w.Recurrence)
	if !ok {
		return time.Time{}, false
	}
	from := now.Add(-length)
	if from.Before(w.Start) {
		from = w.Start
	}
	start := time.Date(from.Year(), from.Month(), from.Day(), w.Start.Hour(), w.Start.Minute(), w.Start.Second(), 0, time.UTC)
	for range 9 {
		if end := start.Add(length); !start.Before(w.Start) && days[start.Weekday()] && end.After(now) {
			return end, true
		}
		start = start.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

// weekdays are the days on which a rule such as FREQ=WEEKLY;BYDAY=SA,SU begins a window.
func weekdays(rule string) (days [7]bool, ok bool) {
	names := []string{"SU", "MO", "TU", "WE", "TH", "FR", "SA"}
	all := [7]bool{true, true, true, true, true, true, true}
	var freq string
	chosen := false
	for _, part := range strings.Split(strings.ToUpper(rule), ";") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "FREQ":
			freq = value
		case "WKST":
		case "BYDAY":
			chosen = true
			for n, name := range names {
				for _, v := range strings.Split(value, ",") {
					days[n] = days[n] || v == name
				}
			}
		default:
			return days, false
		}
	}
	if freq == "DAILY" && !chosen {
		return all, true
	}
	return days, chosen && days != [7]bool{} && (freq == "WEEKLY" || freq == "DAILY")
}
