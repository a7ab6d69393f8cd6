package policy

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// outdated is the question whether what was seen still is so. It is open where that is
// older than MaxAge, or its age is not known: a blocker may have come since.
func (a *applying) outdated(m facts.Meta) preflight.Result {
	f := preflight.Finding{Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "Recording", Name: a.cluster}}
	age, ahead := m.Age(), m.CollectedAt.Sub(m.Now())
	switch {
	case m.CollectedAt.IsZero():
		f.Undecided = "when the cluster was seen is not recorded"
	case ahead > a.MaxAge:
		f.Undecided = fmt.Sprintf("the cluster was seen %s after the time that it is judged for, by its recording: correct --as-of, or the clock of what recorded it, and record it again", preflight.Words(ahead))
	case age > a.MaxAge:
		f.Undecided = fmt.Sprintf("the cluster was seen %s ago, and what is older than %s is not gone by: record it again, or allow for its age by --max-age", preflight.Words(age), preflight.Words(a.MaxAge))
	}
	var open []preflight.Finding
	if f.Undecided != "" {
		open = append(open, f)
	}
	r := preflight.Summarise(Own()[3], open)
	a.relabel(&r)
	return r
}
