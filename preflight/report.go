package preflight

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/outage"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// ReportSchema names the format of [Report]; fields are only ever added to it.
const ReportSchema = "gke-preflight/report/v1"

// A Verdict is the answer to "can I upgrade?".
type Verdict string

const (
	// Ready: nothing stands in the way.
	Ready Verdict = "ready"
	// NotReady: there is at least one blocker.
	NotReady Verdict = "not-ready"
	// Inconclusive: no blocker was found, but a check that could find one has no answer.
	Inconclusive Verdict = "inconclusive"
)

// Exit codes, the same for every output format.
const (
	ExitReady        = 0
	ExitCouldNotRun  = 1
	ExitNotReady     = 3
	ExitInconclusive = 4
)

// ExitCode returns the process's exit code for v.
func (v Verdict) ExitCode() int {
	switch v {
	case Ready:
		return ExitReady
	case NotReady:
		return ExitNotReady
	case Inconclusive:
	}
	return ExitInconclusive
}

// A Report is everything that is said about one cluster. Every output format is a view of it.
type Report struct {
	Schema string `json:"schema"`
	// Verdict is about the steps that were asked for: unless said otherwise, the control
	// plane's. Steps has each.
	Verdict Verdict `json:"verdict"`
	// Tool is the version of gke-preflight that wrote the report.
	Tool    string        `json:"tool"`
	Cluster ReportCluster `json:"cluster"`
	// TargetVersion is empty if none was asked for and none is known.
	TargetVersion string `json:"targetVersion"`
	TargetOrigin  string `json:"targetOrigin,omitempty"`
	// CollectedAt is when the cluster was looked at, and AsOf the time that the report
	// is drawn up for: waivers, certificates and the age of what was seen count to it.
	// AsOf is zero in reports of earlier versions.
	CollectedAt time.Time `json:"collectedAt"`
	AsOf        time.Time `json:"asOf,omitzero"`
	Identity    string    `json:"identity,omitempty"`
	// About are the steps that Verdict is about, and Pools the node pools, where it is not
	// about all of them; none in reports of earlier versions.
	About []Step   `json:"about,omitempty"`
	Pools []string `json:"pools,omitempty"`
	// Steps say of each step of the upgrade what stands in its way; none in reports of
	// earlier versions.
	Steps    []StepStatus  `json:"steps,omitempty"`
	Forecast Foretold      `json:"forecast"`
	Checks   []CheckStatus `json:"checks"`
	Findings []Finding     `json:"findings"`
	// Open are the subjects about which a check could not get an answer.
	Open  []OpenQuestion `json:"open"`
	Facts []FactStatus   `json:"facts"`
	// Skipped is what the run was told to leave alone; none if nothing.
	Skipped []Skipped `json:"skipped,omitempty"`
	// Policy is what re-labelled findings and questions; nil if nothing did.
	Policy *PolicyApplied `json:"policy,omitempty"`
	// Baseline compares with an earlier report; nil if none was given.
	Baseline *Baseline `json:"baseline,omitempty"`
	// Rehearsals are the upgrades that were really made of what was seen, on API servers
	// elsewhere: the last one is of what the report is about. None where none was made.
	Rehearsals []rehearsal.Result `json:"rehearsals,omitempty"`
}

// Rehearsed is r with what the rehearsals showed, the last of them of what r is about.
// The verdict is no better than they are: a replica that did not get ready is not ready,
// and one whose start proves little, or another thing than was foretold, is inconclusive.
func (r Report) Rehearsed(all []rehearsal.Result) Report {
	r.Rehearsals = CleanCopy(all)
	if len(all) == 0 || r.Verdict == NotReady {
		return r
	}
	switch last := all[len(all)-1]; {
	case last.Outcome.Fails():
		r.Verdict = NotReady
	case !last.Confirms():
		r.Verdict = Inconclusive
	}
	return r
}

// Foretold is the forecast, and the outage that it comes to.
type Foretold struct {
	forecast.Forecast
	outage.Outage
}

// ReportCluster is the cluster that the report is about.
type ReportCluster struct {
	Name     string `json:"name"`
	Location string `json:"location"`
	Project  string `json:"project"`
	// Version is the control plane's; empty if it could not be read.
	Version string `json:"version"`
}

// CheckStatus is what came of one check.
type CheckStatus struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	Status   Status   `json:"status"`
	Reason   string   `json:"reason,omitempty"`
	// See is the ID of the check under which the question is listed that leaves this
	// one undecided; empty for none.
	See string `json:"see,omitempty"`
	// Missing are the IDs of the facts for want of which the check has no answer at
	// all: it is undecided, or not applicable where they were left out on request, or the
	// recording is of a version that did not look for them.
	Missing []string `json:"missing,omitempty"`
	// Waived says that Waiver accepts that the check has no answer at all.
	Waived bool    `json:"waived,omitempty"`
	Waiver *Waiver `json:"waiver,omitempty"`
}

// OpenQuestion is a subject about which a check could not get an answer.
type OpenQuestion struct {
	Check    string   `json:"check"`
	Severity Severity `json:"severity"`
	Subject  Subject  `json:"subject"`
	Reason   string   `json:"reason"`
	// Cause is Reason without what is the subject's own, so that questions of one cause
	// can be told together; empty where there is nothing else in Reason.
	Cause string `json:"cause,omitempty"`
	// Waived says that Waiver accepts the question as open: it weighs nothing in
	// the verdict.
	Waived bool    `json:"waived,omitempty"`
	Waiver *Waiver `json:"waiver,omitempty"`
}

// FactStatus says whether a fact is in the snapshot.
type FactStatus struct {
	ID      string `json:"id"`
	Present bool   `json:"present"`
	// Absence is Reason and Detail in one.
	Absence string `json:"absence,omitempty"`
	// Reason says why the fact is absent; empty for one that is present.
	Reason facts.Reason `json:"reason,omitempty"`
	// Detail is the server's or the tool's own words; empty where Reason says it all.
	Detail string `json:"detail,omitempty"`
}

// NewReport draws the report up. Strings from the cluster are made safe to print here, once.
//
// skipped is what was taken out of results, for the reasons in it.
func NewReport(s *facts.Snapshot, results []Result, f forecast.Forecast, skipped ...Skipped) Report {
	steps, ask := stepsOf(s, results), asked.Of(s)
	decided := verdict(onAsked(s, results))
	results = weighed(s, results)
	after := outage.Of(s, f)
	f.Nodes.Chain = after.Chain()
	r := Report{
		Schema:        ReportSchema,
		Verdict:       decided,
		Tool:          s.Meta.Tool,
		Cluster:       ReportCluster{Name: s.Meta.Cluster.Name, Location: s.Meta.Cluster.Location, Project: s.Meta.Cluster.Project},
		TargetVersion: s.Meta.Target,
		TargetOrigin:  s.Meta.TargetOrigin,
		CollectedAt:   s.Meta.CollectedAt,
		AsOf:          s.Meta.Now(),
		Identity:      s.Meta.Identity,
		About:         ask.Steps,
		Pools:         ask.Pools,
		Steps:         steps,
		Forecast:      Foretold{f, after},
		Checks:        []CheckStatus{},
		Findings:      []Finding{},
		Open:          []OpenQuestion{},
		Facts:         []FactStatus{},
	}
	if v, ok := facts.ServerVersion.Get(s); ok {
		r.Cluster.Version = v.GitVersion
	}
	for _, res := range results {
		c := res.Check
		r.Checks = append(r.Checks, CheckStatus{c.ID, c.Name, c.Title, c.Severity, res.Status, res.Reason, res.See, res.Missing, res.Waiver.Covers(), res.Waiver})
		r.Findings = append(r.Findings, res.Findings...)
		for _, o := range res.Open {
			r.Open = append(r.Open, OpenQuestion{c.ID, o.Severity, o.Subject, o.Undecided, o.Cause, o.Waived, o.Waiver})
		}
	}
	for _, f := range facts.All() {
		a, absent := s.Absence(f)
		r.Facts = append(r.Facts, FactStatus{f.ID(), !absent, a.String(), a.Reason, a.Detail})
	}
	r.leave(skipped)
	return CleanCopy(r)
}

func verdict(results []Result) Verdict {
	v := Ready
	for _, r := range results {
		for _, f := range r.Findings {
			if f.Severity == Blocker && !f.Waived {
				return NotReady
			}
		}
		if openOf(r) != nil {
			v = Inconclusive
		}
	}
	return v
}

// openOf are the questions of r that could hide a blocker; without a subject where the
// check has no answer at all.
func openOf(r Result) (all []Obstacle) {
	if r.Status == Undecided && r.Reason != "" && len(r.Open) == 0 && r.See == "" && r.Check.Severity == Blocker && !r.Waiver.Covers() {
		return []Obstacle{{Check: r.Check.ID}}
	}
	for _, o := range r.Open {
		if o.Severity == Blocker && !o.Waived {
			all = append(all, Obstacle{r.Check.ID, o.Subject})
		}
	}
	return all
}
