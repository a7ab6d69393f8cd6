package preflight

import "slices"

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

// Concerns reports whether what c finds stands in the way of the step.
func (c Check) Concerns(s Step) bool { return c.Steps == nil || slices.Contains(c.Steps, s) }

// stepsOf sums up what results say about each step.
func stepsOf(results []Result) []StepStatus {
	var all []StepStatus
	for _, step := range []Step{ControlPlaneStep, NodesStep} {
		on := slices.DeleteFunc(slices.Clone(results), func(r Result) bool { return !r.Check.Concerns(step) })
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
