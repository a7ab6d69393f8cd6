// Package change says what is different between two reports on one cluster, such
// as last night's and tonight's.
package change

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Schema names the format of [Change]; fields are only ever added to it.
const Schema = "gke-preflight/change/v1"

// A Change is what a report says that an earlier one did not, and the other way
// round. What is waived counts for nothing in it. Lists are in the order of their report.
type Change struct {
	Schema        string                  `json:"schema"`
	Cluster       preflight.ReportCluster `json:"cluster"`
	TargetVersion string                  `json:"targetVersion"`
	CollectedAt   time.Time               `json:"collectedAt"`
	Verdict       preflight.Verdict       `json:"verdict"`
	// Before is nil where there is no earlier report. Then everything is new.
	Before *Before `json:"before"`
	// Changed says that somebody should be told: the verdict, the set of findings or
	// that of open questions is another one, or a finding got worse. Of a first
	// report it says that it is not ready.
	Changed bool `json:"changed"`
	// New are findings that the earlier report did not have, or had waived.
	New []Item `json:"new"`
	// Worse are findings that were less severe.
	Worse []Item `json:"worse"`
	// Gone are findings that are no longer there.
	Gone []Item `json:"gone"`
	// Unsure are those of which that can't be told: their check has no full answer now.
	Unsure []Item `json:"unsure"`
	// Opened are questions without an answer that had one.
	Opened []Question `json:"opened"`
	// Answered are questions that had no answer and have one now.
	Answered []Question `json:"answered"`
}

// Before is what the earlier report came to.
type Before struct {
	CollectedAt   time.Time         `json:"collectedAt"`
	Verdict       preflight.Verdict `json:"verdict"`
	Version       string            `json:"version"`
	TargetVersion string            `json:"targetVersion"`
}

// An Item is a finding, without what proves it.
type Item struct {
	Check string `json:"check"`
	// Title is the check's; empty where the report has no such check any more.
	Title       string             `json:"title,omitempty"`
	Severity    preflight.Severity `json:"severity"`
	Subject     preflight.Subject  `json:"subject"`
	Summary     string             `json:"summary"`
	Fingerprint string             `json:"fingerprint"`
}

// A Question is what a check could not answer.
type Question struct {
	Check string `json:"check"`
	// Title is the check's; empty where the report has no such check any more.
	Title string `json:"title,omitempty"`
	// Severity is what an answer could be at worst.
	Severity preflight.Severity `json:"severity"`
	// Subject is empty for a check that has no answer at all.
	Subject preflight.Subject `json:"subject"`
	// Reason is why there is none, or was none.
	Reason string `json:"reason"`
}

// Of returns what changed from before to now; before is nil if there is no earlier
// report. If there is one, it has to be what now was compared with as its baseline.
func Of(before *preflight.Report, now preflight.Report) Change {
	c := Change{
		Schema: Schema, Cluster: now.Cluster, TargetVersion: now.TargetVersion, CollectedAt: now.CollectedAt, Verdict: now.Verdict,
		New: []Item{}, Worse: []Item{}, Gone: []Item{}, Unsure: []Item{},
	}
	titles := map[string]string{}
	for _, s := range now.Checks {
		titles[s.ID] = s.Title
	}
	for _, f := range now.Findings {
		item := Item{f.Check, titles[f.Check], f.Severity, f.Subject, f.Summary, f.Fingerprint}
		switch {
		case f.Waived:
		case f.Baseline == preflight.New || before == nil || wasWaived(before, f.Fingerprint):
			c.New = append(c.New, item)
		case f.Baseline == preflight.Worse:
			c.Worse = append(c.Worse, item)
		}
	}
	open := questions(now, titles)
	if before == nil {
		c.Opened, c.Answered = open, []Question{}
		c.Changed = now.Verdict != preflight.Ready
		return c
	}
	c.Before = &Before{before.CollectedAt, before.Verdict, before.Cluster.Version, before.TargetVersion}
	if now.Baseline != nil {
		c.Gone = missing(now.Baseline.Gone, before, titles)
		c.Unsure = missing(now.Baseline.Open, before, titles)
	}
	had := questions(*before, titles)
	c.Opened, c.Answered = without(open, had), without(had, open)
	c.Changed = now.Verdict != before.Verdict || len(c.New)+len(c.Worse)+len(c.Gone)+len(c.Unsure)+len(c.Opened)+len(c.Answered) > 0
	return c
}

// wasWaived reports whether the finding stood in the report, and counted for nothing.
func wasWaived(r *preflight.Report, fingerprint string) bool {
	waived := false
	for _, f := range r.Findings {
		if f.Fingerprint == fingerprint {
			if !f.Waived {
				return false
			}
			waived = true
		}
	}
	return waived
}

func missing(all []preflight.Missing, before *preflight.Report, titles map[string]string) []Item {
	items := []Item{}
	for _, m := range all {
		if !wasWaived(before, m.Fingerprint) {
			items = append(items, Item{m.Check, titles[m.Check], m.Severity, m.Subject, m.Summary, m.Fingerprint})
		}
	}
	return items
}

// questions are those without an answer, as long as that is not accepted.
func questions(r preflight.Report, titles map[string]string) []Question {
	all := []Question{}
	inPart := map[string]bool{}
	for _, o := range r.Open {
		inPart[o.Check] = true
		if !o.Waived {
			all = append(all, Question{o.Check, titles[o.Check], o.Severity, o.Subject, o.Reason})
		}
	}
	for _, s := range r.Checks {
		if s.Status == preflight.Undecided && !inPart[s.ID] && !s.Waived {
			all = append(all, Question{s.ID, titles[s.ID], s.Severity, preflight.Subject{}, s.Reason})
		}
	}
	return all
}

// without are the questions of all that are not among others, whatever the reason.
func without(all, others []Question) []Question {
	type about struct {
		check   string
		subject preflight.Subject
	}
	known := map[about]bool{}
	for _, q := range others {
		known[about{q.Check, q.Subject}] = true
	}
	left := []Question{}
	for _, q := range all {
		if !known[about{q.Check, q.Subject}] {
			left = append(left, q)
		}
	}
	return left
}
