package preflight

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Step is a part of an upgrade that a finding can stand in the way of.
type Step string

const (
	// ControlPlaneStep replaces the replicas of the control plane.
	ControlPlaneStep Step = "control-plane"
	// NodesStep replaces the nodes after it, pool by pool.
	NodesStep Step = "nodes"
)

// A StepStatus is what stands in the way of one step.
type StepStatus struct {
	Step Step `json:"step"`
	// Verdict is as that of a report, by the findings and questions on this step alone.
	// Of nodes it says ready where nothing was found among what is looked at.
	Verdict Verdict `json:"verdict"`
	// Blockers and Warnings count the findings that are not waived.
	Blockers int `json:"blockers"`
	Warnings int `json:"warnings"`
}

// Steps are all of them, in their order.
func Steps() []Step { return []Step{ControlPlaneStep, NodesStep} }

// asked are the steps that a run is about: those that were asked for, or else the
// control plane's, and the nodes' too where the pipeline changes node pools. They are of
// a run and not of the cluster, so that no recording has them.
var asked = &facts.Derivation[[]Step]{Compute: func(s *facts.Snapshot) []Step {
	if s.Meta.NodesAlone || len(s.Meta.PoolChanges) > 0 {
		return Steps()
	}
	return []Step{ControlPlaneStep}
}}

// AskFor returns a copy of s of which the verdict is about these steps alone.
func AskFor(s *facts.Snapshot, steps []Step) *facts.Snapshot { return asked.Given(s, steps) }

// about are the results that concern one of the steps.
func about(results []Result, steps []Step) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return !slices.ContainsFunc(steps, r.Check.Concerns) })
}

// Weight is how severe what c finds is for a run over s: what stands in the way of a step
// alone that the run is not about is no more than a warning.
func Weight(s *facts.Snapshot, c Check, of Severity) Severity {
	if slices.ContainsFunc(asked.Of(s), c.Concerns) {
		return of
	}
	return min(of, Warning)
}

// weighed are results by the [Weight] of what they found.
func weighed(s *facts.Snapshot, results []Result) []Result {
	results = slices.Clone(results)
	for n, r := range results {
		results[n].Findings, results[n].Open = slices.Clone(r.Findings), slices.Clone(r.Open)
		for _, fs := range [][]Finding{results[n].Findings, results[n].Open} {
			for i := range fs {
				fs[i].Severity = Weight(s, r.Check, fs[i].Severity)
			}
		}
	}
	return results
}

// Concerns reports whether what c finds stands in the way of the step.
func (c Check) Concerns(s Step) bool { return c.Steps == nil || slices.Contains(c.Steps, s) }

// stepsOf sums up what results say about each step.
func stepsOf(results []Result) []StepStatus {
	var all []StepStatus
	for _, step := range Steps() {
		on := about(results, []Step{step})
		s := StepStatus{Step: step, Verdict: verdict(on)}
		for _, r := range on {
			for _, f := range r.Findings {
				switch {
				case f.Waived:
				case f.Severity == Blocker:
					s.Blockers++
				case f.Severity == Warning:
					s.Warnings++
				}
			}
		}
		all = append(all, s)
	}
	return all
}
