package render

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// unnamed names the first of the obstacles whose subject blocks nothing that the verdict is
// about, and so stands nowhere else as the culprit, and counts the others; empty where there
// is none.
func unnamed(r preflight.Report, all []preflight.Obstacle) string {
	n := slices.IndexFunc(all, func(o preflight.Obstacle) bool {
		return !slices.ContainsFunc(r.Findings, func(f preflight.Finding) bool {
			return f.Severity == preflight.Blocker && !f.Waived && f.Subject == o.Subject
		})
	})
	if n < 0 {
		return ""
	}
	return " (" + oneOf(all[n], len(all)) + ")"
}

// leftOpen names the first of the open questions on nodes, counts the others and says how
// all are listed; empty where the report has them at its top, and where none is named.
func leftOpen(r preflight.Report, all []preflight.Obstacle) string {
	listed := r.IsAbout(preflight.NodesStep)
	if len(all) == 0 || listed && r.Verdict == preflight.Inconclusive {
		return ""
	}
	first := oneOf(all[0], len(all))
	if all[0].Subject == (preflight.Subject{}) {
		first = all[0].Check + others(len(all)) + withoutFacts(r, all[0].Check)
	}
	if !listed {
		first += "; check --steps nodes lists all"
	}
	return " (" + first + ")"
}

// withoutFacts names the facts for want of which the check has no answer; empty where it is
// for another reason.
func withoutFacts(r preflight.Report, check string) string {
	for _, c := range r.Checks {
		if c.ID == check && c.Missing != nil {
			return ", for want of " + words.Some(c.Missing, fewNamed)
		}
	}
	return ""
}

// oneOf names an obstacle, and how many there are beside it among all.
func oneOf(o preflight.Obstacle, all int) string {
	o.Subject.Webhook = "" // there is room for the object's name alone
	return fmt.Sprintf("%s, %s%s", o.Check, o.Subject, others(all))
}

// others counts what there is among all beside the one that is named.
func others(all int) string {
	if all == 1 {
		return ""
	}
	return " and " + words.Count(all-1, "other")
}
