package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// Rules are what a report is drawn up under. The zero value changes nothing.
type Rules struct {
	// Policy is nil for none.
	Policy *Policy
	// Accept are the IDs of checks whose findings and open questions are accepted
	// for this run.
	Accept []string
	// Only is what the run is about, and Skip what it is not; empty for all, and for
	// nothing. Checks and namespaces are chosen apart from each other.
	Only, Skip []Choice
	// Baseline is an earlier report; nil for none.
	Baseline *preflight.Report
	// FailOnNew accepts findings that are no worse in Baseline. It leaves open
	// questions open: they may hide what is new.
	FailOnNew bool
	// Day is that on which waivers are judged; see [Day].
	Day time.Time
	// MaxAge is how old what was seen may be, counted to [facts.Meta.Now], so that
	// ready can be said of it; zero for any age.
	MaxAge time.Duration
}

// Apply draws up the report of results under rules. What is waived stays in it;
// the verdict is computed once, from what is left. results stay as they are.
func Apply(s *facts.Snapshot, results []preflight.Result, f forecast.Forecast, rules Rules) preflight.Report {
	a := &applying{Rules: rules, cluster: clusterOf(s), used: map[int]bool{}, met: map[int]bool{}, accepted: map[string]bool{}}
	results = slices.Clone(results)
	moved := a.thresholds()
	rejudge(s, results, moved)
	var skipped []preflight.Skipped
	for i := range results {
		a.relabel(&results[i])
		skipped = append(skipped, a.skip(&results[i])...)
	}
	if rules.MaxAge > 0 {
		results = append(results, a.outdated(s.Meta))
	}
	results = append(results, a.notices(results)...)
	base := a.compare(s, results)
	r := preflight.NewReport(s, results, f, skipped...)
	if rules.Policy != nil || rules.Accept != nil {
		r.Policy = &preflight.PolicyApplied{JudgedOn: rules.Day.Format(dateLayout), Accepted: rules.Accept, Thresholds: moved, Unmet: a.unmet()}
		if rules.Policy != nil {
			r.Policy.File = rules.Policy.File
		}
	}
	r.Baseline = base
	return preflight.CleanCopy(r)
}

type applying struct {
	Rules
	cluster string
	// used are the waivers that met something, by index, in force or not.
	used map[int]bool
	// met are the severities that met something, by index.
	met map[int]bool
	// accepted are the checks of which --accept covers something.
	accepted map[string]bool
}

// clusterOf is project/location/name, without what is not known.
func clusterOf(s *facts.Snapshot) string {
	c := s.Meta.Cluster
	parts := slices.DeleteFunc([]string{c.Project, c.Location, c.Name}, func(p string) bool { return p == "" })
	return strings.Join(parts, "/")
}

func (a *applying) relabel(r *preflight.Result) {
	r.Findings, r.Open = slices.Clone(r.Findings), slices.Clone(r.Open)
	for i := range r.Findings {
		f := &r.Findings[i]
		a.override(f)
		f.Waiver = cover(f.Waiver, a.waiverFor(r.Check.ID, f.Subject.String()))
		f.Waived = f.Waiver.Covers()
	}
	for i := range r.Open {
		o := &r.Open[i]
		o.Severity = a.couldBe(r.Check.ID, o.Severity, o.Subject.String(), true)
		if o.OfNodes > preflight.Info {
			o.OfNodes = a.couldBe(r.Check.ID, o.OfNodes, o.Subject.String(), true)
		}
		o.Waiver = cover(o.Waiver, a.waiverFor(r.Check.ID, o.Subject.String()))
		o.Waived = o.Waiver.Covers()
	}
	r.Check.Severity = max(r.Check.Severity, a.couldBe(r.Check.ID, r.Check.Severity, "", r.Status == preflight.Undecided && len(r.Open) == 0))
	if r.Status == preflight.Undecided && len(r.Open) == 0 {
		r.Waiver = a.waiverFor(r.Check.ID, "")
	}
	slices.SortStableFunc(r.Findings, func(x, y preflight.Finding) int { return int(y.Severity) - int(x.Severity) })
}

// cover is the policy's waiver, or that of a threshold where the policy's does not cover.
func cover(threshold, w *preflight.Waiver) *preflight.Waiver {
	if threshold.Covers() && !w.Covers() {
		return threshold
	}
	return w
}

// unmet are the severities for this cluster that met nothing.
func (a *applying) unmet() (all []string) {
	if a.Policy == nil {
		return nil
	}
	for i, o := range a.Policy.Severities {
		if !a.met[i] && glob(o.Cluster, a.cluster) {
			all = append(all, fmt.Sprintf("%s (%s)", a.Policy.by(o.Scope), o.Scope))
		}
	}
	return all
}

// meets reports whether the scope covers a subject of a check on this cluster.
func (a *applying) meets(s Scope, check, subject string) bool {
	return s.Check == check && glob(s.Cluster, a.cluster) && glob(s.Subject, subject)
}

// override replaces the severity of a finding by that of the first override which
// meets it.
func (a *applying) override(f *preflight.Finding) {
	if a.Policy == nil {
		return
	}
	for i, o := range a.Policy.Severities {
		if a.meets(o.Scope, f.Check, f.Subject.String()) {
			a.met[i] = true
			if o.Severity != f.Severity || o.Severity < f.OfNodes {
				f.Override = &preflight.Override{By: a.Policy.by(o.Scope), From: max(f.Severity, f.OfNodes), Reason: o.Reason}
				f.Severity, f.OfNodes = o.Severity, min(f.OfNodes, o.Severity)
			}
			return
		}
	}
}

// couldBe is what an open question could hide: at least what any override of the
// check raises it to, since the subject of a question need not be that of the
// finding; less only where the first override that meets its subject says so. open says that
// there is such a question.
func (a *applying) couldBe(check string, s preflight.Severity, subject string, open bool) preflight.Severity {
	if a.Policy == nil {
		return s
	}
	worst, lowered, met := s, s, false
	for i, o := range a.Policy.Severities {
		if o.Check != check || !glob(o.Cluster, a.cluster) {
			continue
		}
		worst = max(worst, o.Severity)
		if !met && glob(o.Subject, subject) {
			lowered, met = o.Severity, true
			a.met[i] = a.met[i] || open
		} else if o.Severity > s {
			a.met[i] = a.met[i] || open
		}
	}
	if worst > s {
		return worst
	}
	return lowered
}

// waiverFor returns the first waiver in force that meets a subject; else
// --accept, if that names the check; else the last to end of those that lapsed;
// nil if there is none. All that meet it count as used.
func (a *applying) waiverFor(check, subject string) *preflight.Waiver {
	var lapsed, covering *Waiver
	if a.Policy != nil {
		for i := range a.Policy.Waivers {
			w := &a.Policy.Waivers[i]
			if !a.meets(w.Scope, check, subject) {
				continue
			}
			a.used[i] = true
			switch expired := w.On(a.Day) == Expired; {
			case !expired && covering == nil:
				covering = w
			case expired && (lapsed == nil || w.Until.After(lapsed.Until)):
				lapsed = w
			}
		}
	}
	accepted := slices.Contains(a.Accept, check)
	a.accepted[check] = a.accepted[check] || accepted
	switch {
	case covering != nil:
		return a.labelled(covering, false)
	case accepted:
		return &preflight.Waiver{By: "--accept", Reason: "accepted by --accept for this run"}
	case lapsed != nil:
		return a.labelled(lapsed, true)
	}
	return nil
}

func (a *applying) labelled(w *Waiver, lapsed bool) *preflight.Waiver {
	return &preflight.Waiver{By: a.Policy.by(w.Scope), Reason: w.Reason, Until: w.Until.Format(dateLayout), Owner: w.Owner, Lapsed: lapsed}
}
