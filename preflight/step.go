package preflight

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
	"github.com/gke-preflight/gke-preflight/preflight/wayback"
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
	// BlockedBy names the blockers, in the report's order; none in reports of earlier
	// versions.
	BlockedBy []Obstacle `json:"blockedBy,omitempty"`
	// LeftOpen names the questions that could hide a blocker, in the report's order; none
	// in reports of earlier versions.
	LeftOpen []Obstacle `json:"leftOpen,omitempty"`
	// Pools are the same for each node pool by itself, of nodes; none where the pools are
	// not known, and in reports of earlier versions.
	Pools []PoolStatus `json:"pools,omitempty"`
	// WayBack says whether and until when the step can be undone; zero in reports of
	// earlier versions.
	WayBack wayback.Back `json:"wayBack,omitzero"`
}

// An Obstacle is a finding by its name, or an open question: the report's findings have the
// rest of it, with the severity that it has for what the verdict is about.
type Obstacle struct {
	Check string `json:"check"`
	// Subject is zero for a check that has no answer at all.
	Subject Subject `json:"subject"`
}

// A PoolStatus is what stands in the way of the upgrade of one node pool.
type PoolStatus struct {
	Name     string  `json:"name"`
	Verdict  Verdict `json:"verdict"`
	Blockers int     `json:"blockers"`
	Warnings int     `json:"warnings"`
	// Takes is how long its upgrade takes.
	Takes rollout.Estimate `json:"takes,omitzero"`
}

// Steps are all of them, in their order.
func Steps() []Step { return []Step{ControlPlaneStep, NodesStep} }

// An Ask is what a run's verdict is about.
type Ask struct {
	Steps []Step
	// Pools are the node pools of which nodes are upgraded; empty for all of them.
	Pools []string
	// Named are node pools that are upgraded by name, where Pools is empty too: without one
	// of them there is no saying what becomes of nodes. None where none is known by name.
	Named []string
}

// asked is what a run is about: what was asked for, or else the control plane's step, and
// the nodes' too where the pipeline changes node pools. It is of a run and not of the
// cluster, so that no recording has it.
var asked = &facts.Derivation[Ask]{Compute: func(s *facts.Snapshot) Ask {
	if s.Meta.NodesAlone || len(s.Meta.PoolChanges) > 0 {
		return Ask{Steps: Steps()}
	}
	return Ask{Steps: []Step{ControlPlaneStep}}
}}

// AskFor returns a copy of s of which the verdict is about these steps and node pools.
// No steps leave them as they are.
func AskFor(s *facts.Snapshot, a Ask) *facts.Snapshot {
	if a.Steps == nil {
		a.Steps = asked.Of(s).Steps
	}
	return asked.Given(s, a)
}

// IsAbout reports whether the verdict is about the step.
func (r Report) IsAbout(s Step) bool {
	return slices.Contains(r.About, s) || r.About == nil && s == ControlPlaneStep
}

// onControlPlane are the results that concern the control plane's step.
func onControlPlane(results []Result) []Result {
	return slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return !r.Check.Concerns(ControlPlaneStep) })
}

// onAsked are the results that concern what is asked for, each once for each step and as
// severe as it is for that.
func onAsked(s *facts.Snapshot, results []Result) (all []Result) {
	a := asked.Of(s)
	for _, step := range a.Steps {
		switch step {
		case ControlPlaneStep:
			all = append(all, onControlPlane(results)...)
		case NodesStep:
			all = append(all, onNodes(s, results, a.Pools)...)
		}
	}
	return all
}

// Weight is how severe what c found is for a run over s: what stands in the way of a step
// alone that the run is not about, or of another node pool, is no more than a warning.
func Weight(s *facts.Snapshot, c Check, f Finding) Severity {
	a, weight := asked.Of(s), min(f.Severity, Warning)
	if slices.Contains(a.Steps, ControlPlaneStep) && c.Concerns(ControlPlaneStep) {
		weight = f.Severity
	}
	if slices.Contains(a.Steps, NodesStep) {
		if ofNodes, concerned := c.ofNodes(s, f, a.Pools); concerned {
			weight = max(weight, ofNodes)
		}
	}
	return weight
}

// weighed are results by the [Weight] of what they found.
func weighed(s *facts.Snapshot, results []Result) []Result {
	results = slices.Clone(results)
	for n, r := range results {
		results[n].Findings, results[n].Open = slices.Clone(r.Findings), slices.Clone(r.Open)
		for _, fs := range [][]Finding{results[n].Findings, results[n].Open} {
			for i := range fs {
				fs[i].Severity = Weight(s, r.Check, fs[i])
			}
		}
	}
	return results
}

// Concerns reports whether what c finds stands in the way of the step.
func (c Check) Concerns(s Step) bool { return c.Steps == nil || slices.Contains(c.Steps, s) }

// stepsOf sums up what results say about each step.
func stepsOf(s *facts.Snapshot, results []Result) []StepStatus {
	only := asked.Of(s).Pools
	control, nodes := StepStatus{Step: ControlPlaneStep, WayBack: wayback.OfControlPlane(s)}, StepStatus{Step: NodesStep, WayBack: wayback.OfNodes(s, only)}
	control.sum(onControlPlane(results))
	nodes.sum(onNodes(s, results, only))
	for _, name := range PoolsOf(s) {
		if only == nil || slices.Contains(only, name) {
			var one StepStatus
			one.sum(onNodes(s, results, []string{name}))
			nodes.Pools = append(nodes.Pools, PoolStatus{name, one.Verdict, one.Blockers, one.Warnings, rollout.WithDrains(s, name)})
		}
	}
	return []StepStatus{control, nodes}
}

// sum is the verdict on results, and how much they found.
func (s *StepStatus) sum(results []Result) {
	s.Verdict = verdict(results)
	for _, r := range results {
		s.LeftOpen = append(s.LeftOpen, openOf(r)...)
		for _, f := range r.Findings {
			switch {
			case f.Waived:
			case f.Severity == Blocker:
				s.Blockers++
				s.BlockedBy = append(s.BlockedBy, Obstacle{f.Check, f.Subject})
			case f.Severity == Warning:
				s.Warnings++
			}
		}
	}
}
