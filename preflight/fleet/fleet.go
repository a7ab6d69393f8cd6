// Package fleet adds up the reports of many clusters: by cluster, and by culprit, so
// that one bad policy in three hundred clusters is one line. It is pure; a fleet of
// any size is a row per cluster.
package fleet

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Schema names the form of a Report in JSON; docs/fleet.schema.json describes it.
const Schema = "gke-preflight/fleet/v1"

// A Name is a cluster's name in full.
type Name struct {
	Project  string `json:"project"`
	Location string `json:"location"`
	Cluster  string `json:"cluster"`
}

// String is PROJECT/LOCATION/CLUSTER.
func (n Name) String() string { return n.Project + "/" + n.Location + "/" + n.Cluster }

// A Row is what is kept of one cluster's report.
type Row struct {
	Name
	Verdict preflight.Verdict `json:"verdict"`
	// Error says why nobody could look; empty where there is a report.
	Error string `json:"error,omitempty"`
	// Version and Target are empty where they are unknown.
	Version string `json:"version,omitempty"`
	Target  string `json:"targetVersion,omitempty"`
	// Outcome is what becomes of a new replica, such as crash-loop.
	Outcome string `json:"outcome,omitempty"`
	// Open counts the questions without an answer.
	Open int `json:"open"`
	// Findings are those that count, without evidence.
	Findings []Finding `json:"findings"`
	// Report is the key of the whole report in the place where reports are kept;
	// empty where it is not kept.
	Report string `json:"report,omitempty"`
}

// A Finding is what one check found on one subject.
type Finding struct {
	Check string `json:"check"`
	// Title is the check's.
	Title    string             `json:"title"`
	Severity preflight.Severity `json:"severity"`
	// Subject is empty for one that differs from cluster to cluster, such as a node.
	Subject string `json:"subject,omitempty"`
}

// RowOf returns the row of a report. What is waived does not count.
func RowOf(n Name, r preflight.Report) Row {
	row := Row{Name: n, Verdict: r.Verdict, Version: r.Cluster.Version, Target: r.TargetVersion,
		Outcome: string(r.Forecast.ControlPlane.Outcome), Open: len(r.Open), Findings: []Finding{}}
	titles := map[string]string{}
	for _, c := range r.Checks {
		titles[c.ID] = c.Title
	}
	for _, f := range r.Findings {
		one := Finding{f.Check, titles[f.Check], f.Severity, shared(f.Subject)}
		if !f.Waived && !slices.Contains(row.Findings, one) {
			row.Findings = append(row.Findings, one)
		}
	}
	return row
}

// Failed returns the row of a cluster that nobody could look at.
func Failed(n Name, err error) Row {
	return Row{Name: n, Verdict: preflight.Inconclusive, Error: preflight.Clean(err.Error()), Findings: []Finding{}}
}

// shared is a subject by the name that it has in other clusters as well; webhooks are
// part of their configuration.
func shared(s preflight.Subject) string {
	switch s.Kind {
	case "Cluster", "Node", "NodePool", "Pod", "Workloads", "Operation":
		return ""
	}
	s.Webhook = ""
	return s.String()
}

// A Gap is something that was not looked at and has no row.
type Gap struct {
	// Where is a project, a zone, a cluster or a shard.
	Where string `json:"where"`
	Why   string `json:"why"`
}

// A Culprit is what clusters have in common: an object that has the same name in each,
// with all that checks found on it, or else a check.
type Culprit struct {
	// Subject is the object; empty where it is a check's finding on things of the
	// cluster's own.
	Subject string `json:"subject,omitempty"`
	// Severity is the worst of the findings.
	Severity preflight.Severity `json:"severity"`
	// Checks are the IDs of those that found something, the worst first.
	Checks []string `json:"checks"`
	// Title is that of the first check.
	Title string `json:"title"`
	// Clusters are the names of those that have it, in order.
	Clusters []string `json:"clusters"`
}

// A Report is the state of a fleet.
type Report struct {
	// Schema is [Schema].
	Schema string `json:"schema"`
	// Verdict is the worst of the rows', and no better than inconclusive with a gap.
	Verdict preflight.Verdict `json:"verdict"`
	// Counts are the rows by verdict.
	Counts map[preflight.Verdict]int `json:"counts"`
	// Culprits are the worst first, then those of most clusters.
	Culprits []Culprit `json:"culprits"`
	// Clusters are the rows by name.
	Clusters []Row `json:"clusters"`
	// Gaps are what was not looked at; empty if everything was.
	Gaps []Gap `json:"gaps"`
}

// Merge adds up rows and gaps, in any order and with repetitions: equal ones give
// equal reports. Of several rows for one cluster the last counts.
func Merge(rows []Row, gaps []Gap) Report {
	r := Report{Schema: Schema, Verdict: preflight.Ready, Counts: map[preflight.Verdict]int{}, Culprits: []Culprit{}, Clusters: []Row{}, Gaps: []Gap{}}
	byName := map[Name]Row{}
	for _, row := range rows {
		byName[row.Name] = row
	}
	for _, row := range byName {
		r.Clusters = append(r.Clusters, row)
		r.Counts[row.Verdict]++
	}
	slices.SortFunc(r.Clusters, func(a, b Row) int { return strings.Compare(a.String(), b.String()) })
	r.Gaps = append(r.Gaps, gaps...)
	slices.SortFunc(r.Gaps, func(a, b Gap) int { return cmp.Or(strings.Compare(a.Where, b.Where), strings.Compare(a.Why, b.Why)) })
	r.Gaps = slices.Compact(r.Gaps)
	switch {
	case r.Counts[preflight.NotReady] > 0:
		r.Verdict = preflight.NotReady
	case len(r.Clusters) > r.Counts[preflight.Ready] || len(r.Gaps) > 0:
		r.Verdict = preflight.Inconclusive
	}
	r.Culprits = append(r.Culprits, culprits(r.Clusters)...)
	return r
}

// A trait is what groups clusters: an object or else a check, and how bad it is there.
type trait struct {
	what  string
	worst preflight.Severity
}

// traits returns the findings of a row by what they group it with.
func (r Row) traits() map[trait][]Finding {
	worst := map[string]preflight.Severity{}
	for _, f := range r.Findings {
		what := cmp.Or(f.Subject, f.Check)
		worst[what] = max(worst[what], f.Severity)
	}
	all := map[trait][]Finding{}
	for _, f := range r.Findings {
		what := cmp.Or(f.Subject, f.Check)
		t := trait{what, worst[what]}
		all[t] = append(all[t], f)
	}
	return all
}

// culprits groups the findings of rows, which are in order.
func culprits(rows []Row) []Culprit {
	found := map[trait][]Finding{}
	clusters := map[trait][]string{}
	for _, row := range rows {
		for t, findings := range row.traits() {
			clusters[t] = append(clusters[t], row.String())
			for _, f := range findings {
				if !slices.Contains(found[t], f) {
					found[t] = append(found[t], f)
				}
			}
		}
	}
	var all []Culprit
	for key, findings := range found {
		slices.SortFunc(findings, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(b.Severity, a.Severity), strings.Compare(a.Check, b.Check))
		})
		worst := findings[0]
		c := Culprit{Subject: worst.Subject, Severity: worst.Severity, Title: worst.Title, Clusters: clusters[key]}
		for _, f := range findings {
			if !slices.Contains(c.Checks, f.Check) {
				c.Checks = append(c.Checks, f.Check)
			}
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b Culprit) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(len(b.Clusters), len(a.Clusters)),
			strings.Compare(a.Checks[0], b.Checks[0]), strings.Compare(a.Subject, b.Subject))
	})
	return all
}
