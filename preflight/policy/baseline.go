package policy

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// failOnNew marks what stood in a baseline and was accepted for that alone: in the
// baseline of a later run it stands as if it were not waived.
const failOnNew = "--fail-on-new"

// SameCluster returns an error if the baseline is about another cluster than the
// one called project, location and name; what either does not know is not compared.
func SameCluster(base preflight.Report, project, location, name string) error {
	for _, pair := range [][2]string{{base.Cluster.Project, project}, {base.Cluster.Location, location}, {base.Cluster.Name, name}} {
		if pair[0] != "" && pair[1] != "" && pair[0] != pair[1] {
			return fmt.Errorf("the baseline is about %s, and this cluster is %s: give a report of this cluster", pair[0], pair[1])
		}
	}
	return nil
}

// compare labels the findings of results by the baseline, accepts those that are
// no worse there if so asked, and says what is gone.
func (a *applying) compare(s *facts.Snapshot, results []preflight.Result) *preflight.Baseline {
	if a.Baseline == nil {
		return nil
	}
	before := map[string]preflight.Finding{}
	for _, f := range a.Baseline.Findings {
		if old, ok := before[f.Fingerprint]; !ok || old.Waived && !f.Waived || old.Waived == f.Waived && old.Severity < f.Severity {
			before[f.Fingerprint] = f
		}
	}
	now, unsure := map[string]bool{}, map[string]bool{}
	for _, r := range results {
		unsure[r.Check.ID] = r.Status == preflight.Undecided || r.Open != nil || r.Status == preflight.NotApplicable
		for i := range r.Findings {
			f := &r.Findings[i]
			now[f.Fingerprint] = true
			a.label(f, preflight.Weight(s, r.Check, *f), before)
		}
	}
	b := &preflight.Baseline{CollectedAt: a.Baseline.CollectedAt, Verdict: a.Baseline.Verdict, FailOnNew: a.FailOnNew, Gone: []preflight.Missing{}, Open: []preflight.Missing{}}
	for _, f := range a.Baseline.Findings {
		if now[f.Fingerprint] {
			continue
		}
		now[f.Fingerprint] = true
		m := preflight.Missing{Check: f.Check, Severity: f.Severity, Subject: f.Subject, Summary: f.Summary, Fingerprint: f.Fingerprint}
		if open, ran := unsure[f.Check]; open || !ran {
			b.Open = append(b.Open, m)
		} else {
			b.Gone = append(b.Gone, m)
		}
	}
	return b
}

func (a *applying) label(f *preflight.Finding, weight preflight.Severity, before map[string]preflight.Finding) {
	old, known := before[f.Fingerprint]
	switch {
	case !known:
		f.Baseline = preflight.New
	case weight > old.Severity, old.Waived && !f.Waived && (old.Waiver == nil || old.Waiver.By != failOnNew):
		f.Baseline = preflight.Worse
	default:
		f.Baseline = preflight.Unchanged
		if a.FailOnNew && !f.Waived {
			f.Waived = true
			f.Waiver = &preflight.Waiver{By: failOnNew, Reason: "it stands in the baseline of " + a.Baseline.CollectedAt.UTC().Format(dateLayout)}
		}
	}
}
