package forecast

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A Supposition is of a world in which nobody is asked: every webhook accepts the
// connection and says nothing until its timeout, but for those that GKE runs
// beside each replica, or all of them answer at once. Policies say what they say.
type Supposition struct {
	// There reports whether the webhook or policy exists; nil for all of them.
	There func(admission.Interception) bool
	// Worst takes what can't be told for the worst, where otherwise it is taken to do
	// nothing: whether a webhook sees a write, what a policy says to it, and how soon a
	// replica knows the kind that it takes parameters from.
	Worst bool
	// Well lets every webhook answer at once, and allow.
	Well bool
}

// Supposing returns what would become of the replica, and of what the cluster
// lives by, in that world. What an outcome comes to at worst is as certain there as
// its writes: those that may not happen are taken to. What could not be read
// leaves nothing open here: whoever calls it reports that.
func Supposing(s *facts.Snapshot, x Supposition) Forecast {
	plan := bootstrap.Of(s)
	cp := ControlPlane{Outcome: Unknown, Problem: plan.Problem, Hooks: []Hook{}}
	if plan.Problem == "" {
		var work loads
		cp.Hooks, work = throughHooks(plan, admission.Intercept(s), x.simulate, nil)
		cp.sum()
		cp.supervise(work)
	}
	byLine := map[string][]admission.Intercepted{}
	for _, i := range lifeline.Intercept(s) {
		byLine[i.Write.Hook] = append(byLine[i.Write.Hook], i)
	}
	lines := []Lifeline{}
	for _, l := range lifeline.Of(s) {
		lines = append(lines, throughLine(l, byLine[l.Name], "", x.simulate))
	}
	return Forecast{ControlPlane: cp, Lifelines: lines}
}

// simulate is as that of a caller, with answers that are supposed.
func (x Supposition) simulate(w bootstrap.Write, by []admission.Interception, limit time.Duration) simulated {
	s := simulated{Write: w, limit: limit}
	for _, i := range by {
		if x.There == nil || x.There(i) {
			s.by, s.calls = append(s.by, i), append(s.calls, x.call(i))
		}
	}
	s.worst = s.admit(2, func(n int) bound { return s.calls[n].worst })
	s.worst.cost += undisturbedMax
	s.best = s.worst
	return s
}

func (x Supposition) call(i admission.Interception) call {
	webhook := i.Kind == admission.MutatingWebhook || i.Kind == admission.ValidatingWebhook
	answered := func(b bound, a facts.Answer, detail string) call {
		return call{best: b, worst: b, answer: a, detail: detail}
	}
	switch {
	case x.Well && webhook && i.AtStart == "":
		return answered(bound{}, facts.Allowed, "")
	case i.Undecided != "" && !x.Worst:
		return answered(bound{}, facts.Allowed, i.Undecided)
	case i.Undecided != "" && !webhook:
		return answered(bound{rejects: true}, facts.NotAsked, i.Undecided)
	case i.Denial != "":
		return answered(bound{rejects: true}, facts.Denied, i.Denial)
	case i.AtStart != "" && !x.Worst:
		return answered(bound{}, facts.Allowed, i.AtStart)
	case i.AtStart != "":
		return answered(bound{rejects: true, until: admission.LearnsKindsWithin}, facts.Allowed, i.AtStart)
	case !webhook || i.ProviderManaged():
		return answered(bound{}, facts.Allowed, "")
	}
	return answered(bound{rejects: i.Fails, cost: i.Timeout}, facts.Hung, i.Undecided)
}
