package policy

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// Own are the checks of the policy itself, which do not look at the cluster. The
// first three look at waivers and at --accept, and are part of a report that is drawn
// up under either; the last one is part of a report for which an age is too old.
func Own() []preflight.Check {
	quiet := func(*facts.Snapshot) []preflight.Finding { return nil }
	return []preflight.Check{
		{ID: "GP901", Name: "waiver-expired", Title: "A waiver has expired and covers nothing any more", Run: quiet},
		{ID: "GP902", Name: "waiver-unused", Title: "A waiver covers nothing that is there", Run: quiet},
		{ID: "GP903", Name: "waiver-ends-soon", Title: "A waiver ends soon", Run: quiet},
		{ID: "GP904", Name: "seen-too-long-ago", Title: "What was seen is too old to go by", Severity: preflight.Blocker, Run: quiet},
	}
}

// notices are the results of the policy's own checks. A waiver for another
// cluster is none of this report's business.
func (a *applying) notices(results []preflight.Result) []preflight.Result {
	if a.Policy == nil && a.Accept == nil {
		return nil
	}
	found := map[string][]preflight.Finding{"GP902": a.acceptedNothing(results)}
	for i, w := range a.waivers() {
		if !glob(w.Cluster, a.cluster) {
			continue
		}
		for _, f := range a.notice(w, a.used[i], results) {
			f.Subject = preflight.Subject{Kind: "Waiver", Name: w.Scope.String()}
			f.Evidence = []preflight.Evidence{{Value: a.Policy.by(w.Scope), Note: said(w)}}
			found[f.Check] = append(found[f.Check], f)
		}
	}
	var all []preflight.Result
	for _, c := range Own()[:3] {
		r := preflight.Summarise(c, found[c.ID])
		a.relabel(&r)
		all = append(all, r)
	}
	return all
}

func (a *applying) waivers() []Waiver {
	if a.Policy == nil {
		return nil
	}
	return a.Policy.Waivers
}

// acceptedNothing are the findings on names in --accept that met nothing.
func (a *applying) acceptedNothing(results []preflight.Result) (fs []preflight.Finding) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(a.Accept))) {
		i := slices.IndexFunc(results, func(r preflight.Result) bool { return r.Check.ID == id })
		if a.accepted[id] || i < 0 {
			continue
		}
		why := "finds nothing and leaves nothing open"
		if results[i].Status == preflight.NotApplicable {
			why = "does not apply: " + results[i].Reason
		}
		fs = append(fs, preflight.Finding{
			Subject:  preflight.Subject{Kind: "Flag", Name: "--accept " + id},
			Summary:  fmt.Sprintf("--accept %s covers nothing: %s %s", id, id, why),
			Evidence: []preflight.Evidence{{Value: string(results[i].Status), Note: "what came of " + id}},
			Steps:    remedy.Do("leave " + id + " out of --accept, so that it does not cover what comes later"),
		})
	}
	return fs
}

func (a *applying) notice(w Waiver, used bool, results []preflight.Result) []preflight.Finding {
	name := fmt.Sprintf("waiver %s in %s", w.Scope, a.Policy.by(w.Scope))
	last := w.Until.Format(dateLayout)
	renew := remedy.Do("cure what it covers").Or(fmt.Sprintf("agree anew and move until, by %d days at most", MaxDays))
	remove := remedy.Do("remove it from " + a.Policy.File)
	var fs []preflight.Finding
	switch state := w.On(a.Day); {
	case state == Expired && used:
		fs = append(fs, preflight.Finding{Check: "GP901", Summary: fmt.Sprintf("%s expired after %s; what it covered counts again", name, last), Steps: renew})
	case state == Expired:
		return []preflight.Finding{{Check: "GP901", Summary: fmt.Sprintf("%s expired after %s, and nothing is there that it covered", name, last), Steps: remove}}
	case state == EndsSoon && used:
		fs = append(fs, preflight.Finding{Check: "GP903", Summary: fmt.Sprintf("%s applies up to %s and ends in %s; what it covers counts then", name, last, days(daysUntil(w.Until, a.Day))), Steps: renew})
	}
	i := slices.IndexFunc(results, func(r preflight.Result) bool { return r.Check.ID == w.Check })
	switch {
	case used || i < 0:
	case results[i].Status == preflight.NotApplicable || results[i].Status == preflight.Undecided || results[i].Open != nil:
		fs = append(fs, preflight.Finding{Check: "GP902", Undecided: fmt.Sprintf("whether it is still needed can't be told: %s has no full answer", w.Check)})
	default:
		fs = append(fs, preflight.Finding{Check: "GP902", Summary: fmt.Sprintf("%s covers nothing: %s finds nothing that it matches", name, w.Check), Steps: remove})
	}
	return fs
}

func said(w Waiver) string {
	s := "until " + w.Until.Format(dateLayout) + ": " + w.Reason
	if w.Owner != "" {
		s += " (" + w.Owner + ")"
	}
	return s
}

func days(n int) string {
	switch n {
	case 0:
		return "less than a day"
	case 1:
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
