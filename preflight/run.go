package preflight

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// Run runs the checks over s, in the order of their IDs.
func Run(s *facts.Snapshot, checks []Check) []Result {
	checks = slices.SortedFunc(slices.Values(checks), func(a, b Check) int { return cmp.Compare(a.ID, b.ID) })
	var results []Result
	for _, c := range checks {
		results = append(results, run(s, c))
	}
	MarkSymptoms(results)
	return results
}

func run(s *facts.Snapshot, c Check) Result {
	r := Result{Check: c}
	if c.Moot != nil {
		if r.Reason = c.Moot(s.Meta); r.Reason != "" {
			r.Status = NotApplicable
			return r
		}
	}
	unread, leftOut, earlier := missing(s, c.Needs)
	switch {
	case leftOut != nil:
		r.Status, r.Reason, r.Missing = NotApplicable, "left out: "+named(s, leftOut), ids(leftOut)
		return r
	case unread == nil && earlier != nil:
		r.Status, r.Reason, r.Missing = NotApplicable, "not asked: "+named(s, earlier), ids(earlier)
		return r
	case unread != nil:
		r.Status, r.Reason, r.Missing = Undecided, "could not read "+named(s, unread), ids(unread)
		return allTheSame(s, r, unread)
	}
	return settled(s, Summarise(c, inPlace(s.Meta, c.Run(s))))
}

// allTheSame is r, which has no answer for want of facts, with the blockers that hold
// without these.
func allTheSame(s *facts.Snapshot, r Result, unread []facts.Fact) Result {
	for _, f := range unread {
		a, _ := s.Absence(f)
		if !a.Reason.Sought() || !slices.ContainsFunc(r.Check.Without, func(o facts.Fact) bool { return o.ID() == f.ID() }) {
			return r
		}
	}
	certain := func(f Finding) bool { return f.Undecided == "" && f.Severity == Blocker }
	fs := slices.DeleteFunc(inPlace(s.Meta, r.Check.Run(s)), func(f Finding) bool { return !certain(f) })
	if len(fs) == 0 {
		return r
	}
	rest := Finding{Severity: r.Check.Severity, Subject: Subject{Kind: "Cluster", Name: s.Meta.Cluster.Name}, Undecided: r.Reason, Cause: r.Reason}
	return settled(s, Summarise(r.Check, append(fs, rest)))
}

// inPlace is what fs say in the step that is at hand: where nodes alone are upgraded
// nothing is given to copy that upgrades the control plane.
func inPlace(m facts.Meta, fs []Finding) []Finding {
	if m.NodesAlone {
		for i, f := range fs {
			fs[i].Steps = f.Steps.Leaving(remedy.ControlPlane)
		}
	}
	return fs
}

// missing are those of the facts that could not be read, that were left out on request,
// and that an earlier version did not look for.
func missing(s *facts.Snapshot, of []facts.Fact) (unread, leftOut, earlier []facts.Fact) {
	for _, f := range of {
		switch a, absent := s.Absence(f); {
		case !absent:
		case a.Reason == facts.LeftOut:
			leftOut = append(leftOut, f)
		case a.Reason == facts.EarlierVersion:
			earlier = append(earlier, f)
		default:
			unread = append(unread, f)
		}
	}
	return unread, leftOut, earlier
}

// named are the IDs of absent facts, each with why it is absent.
func named(s *facts.Snapshot, fs []facts.Fact) string {
	var all []string
	for _, f := range fs {
		a, _ := s.Absence(f)
		all = append(all, fmt.Sprintf("%s (%s)", f.ID(), a))
	}
	return strings.Join(all, ", ")
}

func ids(fs []facts.Fact) (all []string) {
	for _, f := range fs {
		all = append(all, f.ID())
	}
	return all
}

// Summarise is the result of a check that found fs, among which its open
// questions are. It fills in their checks, their
// fingerprints and the add-ons that the map knows them by.
func Summarise(c Check, fs []Finding) Result {
	r := Result{Check: c}
	for _, f := range fs {
		if f.Undecided != "" && f.Check != "" && f.Check != c.ID {
			r.See = f.Check
			continue
		}
		f.Check, f.Docs, f.Addon = c.ID, DocsURL(c.ID), Addon(f.Subject)
		f.Fingerprint = fingerprint(c.ID, f.Subject)
		if f.Steps != nil {
			f.Remedy = f.Steps.String()
		}
		if f.Undecided != "" {
			r.Open = append(r.Open, f)
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	slices.SortStableFunc(r.Findings, bySeverity)
	switch {
	case r.Findings != nil:
		r.Status = Fail
	case r.Open != nil:
		r.Status, r.Reason = Undecided, openReason(r.Open)
	case r.See != "":
		r.Status, r.Reason = Undecided, "it hangs on the open question of "+r.See
	default:
		r.Status = Pass
	}
	return r
}

func openReason(open []Finding) string {
	if len(open) == 1 {
		return open[0].Undecided
	}
	return fmt.Sprintf("%s, and %d more", open[0].Undecided, len(open)-1)
}

func bySeverity(a, b Finding) int { return cmp.Compare(b.Severity, a.Severity) }

func fingerprint(id string, s Subject) string {
	h := sha256.Sum256([]byte(strings.Join([]string{id, s.Kind, s.Namespace, s.Name, s.Webhook}, "\x00")))
	return hex.EncodeToString(h[:8])
}

// MarkSymptoms names, in findings that no check was named for yet, the one whose
// finding on the same subject explains them.
func MarkSymptoms(results []Result) {
	cause := map[string]map[Subject]bool{}
	for _, r := range results {
		cause[r.Check.ID] = map[Subject]bool{}
		for _, f := range r.Findings {
			cause[r.Check.ID][f.Subject] = true
		}
	}
	for _, r := range results {
		for i, f := range r.Findings {
			for _, id := range r.Check.After {
				if f.CausedBy == "" && cause[id][f.Subject] {
					r.Findings[i].CausedBy = id
				}
			}
		}
	}
}
