package render

import (
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// completed gives a report by an earlier version the fields that this one reads, as far
// as its words tell: why a fact is absent, and the facts that a check was left out for.
func completed(r preflight.Report) preflight.Report {
	for i, f := range r.Facts {
		if !f.Present && f.Reason == "" {
			reason, detail, _ := strings.Cut(f.Absence, ": ")
			r.Facts[i].Reason, r.Facts[i].Detail = facts.Reason(reason), detail
		}
	}
	for i, c := range r.Checks {
		if c.Status != preflight.NotApplicable || c.Missing != nil || !strings.HasPrefix(c.Reason, "left out: ") {
			continue
		}
		for _, f := range r.Facts {
			if f.Reason == facts.LeftOut && strings.Contains(c.Reason, f.ID+" (") {
				r.Checks[i].Missing = append(r.Checks[i].Missing, f.ID)
			}
		}
	}
	return r
}
