package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
)

// Of returns the forecast for the target version of s. It is computed once per
// snapshot.
func Of(s *facts.Snapshot) Forecast { return derivation.Of(s) }

var derivation = &facts.Derivation[Forecast]{Compute: compute}

func compute(s *facts.Snapshot) Forecast {
	attempts, _ := facts.Attempts.Get(s)
	return Given(s, attempts)
}

// Given returns what [Of] would if these were the attempts of s. What the target
// writes and who sees it does not hang on them, and is not worked out again.
func Given(s *facts.Snapshot, attempts []facts.Attempt) Forecast {
	cp := controlPlane(s, attempts)
	return Forecast{cp, lifelines(s, attempts), nodes(s)}
}

func controlPlane(s *facts.Snapshot, attempts []facts.Attempt) ControlPlane {
	plan := bootstrap.Of(s)
	if plan.Problem != "" && plan.Hooks == nil {
		return ControlPlane{Outcome: Unknown, Problem: plan.Problem, Hooks: []Hook{}}
	}
	caller := newCaller(s, attempts)
	intercepted := admission.Intercept(s)
	for _, i := range intercepted {
		caller.prove(i.Write, i.By)
	}
	hooks, loads := throughHooks(plan, intercepted, caller.simulate, func(h bootstrap.Hook, writes []simulated, waits ends) []Possibility {
		return possible(h, writes, waits, caller.eachCall, caller.eachCall || caller.alone(s, writes))
	})
	cp := ControlPlane{Outcome: Ready, Hooks: hooks}
	unread := unread(s)
	for n, h := range plan.Hooks {
		cp.Hooks[n].leaveOpen(h, cmp.Or(unknownReason(plan, h.Name), unread))
		cp.Hooks[n].tell(s, plan, caller)
	}
	cp.sum()
	cp.supervise(loads)
	cp.note()
	cp.beyond(s, plan)
	return cp
}

// tell adds the hook's writes of best effort.
func (r *Hook) tell(s *facts.Snapshot, plan bootstrap.Plan, c *caller) {
	for _, w := range plan.BestEffort {
		if w.Hook == r.Name {
			r.BestEffort = append(r.BestEffort, c.simulate(w, admission.Match(s, w), writeLimit).report())
		}
	}
}

// beyond leaves open what becomes of a replica, and of its hooks, where only a part
// of what it writes is known, unless that part is enough to make it fail.
func (cp *ControlPlane) beyond(s *facts.Snapshot, plan bootstrap.Plan) {
	if plan.Problem == "" {
		return
	}
	cp.Problem, cp.CoveredTarget = plan.Problem, bootstrap.Covered(s)
	for n, h := range plan.Hooks {
		if cp.Hooks[n].Outcome == Ready {
			cp.Hooks[n].leaveOpen(h, plan.Problem)
		}
	}
	if !cp.Outcome.Fails() {
		cp.Outcome, cp.AtBest, cp.ReadyAfterSeconds, cp.UnderKubelet, cp.Notes = Unknown, "", nil, nil, nil
	}
}

// throughHooks foretells each hook of the plan, with its writes as judge takes them
// through what intercepts them, each within the time given, and how much each has to
// do. draw is what may come of
// a hook where the endpoints of a webhook differ; nil where none do.
func throughHooks(plan bootstrap.Plan, intercepted []admission.Intercepted, judge func(bootstrap.Write, []admission.Interception, time.Duration) simulated, draw func(bootstrap.Hook, []simulated, ends) []Possibility) ([]Hook, loads) {
	byHook := map[string][]simulated{}
	timeouts := map[string]time.Duration{}
	for _, h := range plan.Hooks {
		timeouts[h.Name] = h.WriteTimeout
	}
	for _, i := range intercepted {
		limit := writeLimit
		if t := timeouts[i.Write.Hook]; t > 0 && !i.Write.Background {
			limit = min(limit, t)
		}
		byHook[i.Write.Hook] = append(byHook[i.Write.Hook], judge(i.Write, i.By, limit))
	}
	hooks, work := []Hook{}, loads{}
	for _, h := range plan.Hooks {
		writes, waits := byHook[h.Name], awaited(plan.Hooks, h, byHook)
		hook := foretell(h, writes, waits)
		if draw != nil {
			hook.weigh(h, draw(h, writes, waits))
		}
		hooks = append(hooks, hook)
		work.add(h, hook, writes)
	}
	return hooks, work
}

// alone reports whether no other hook's writes, and nothing that the cluster lives
// by, passes a webhook whose endpoints differ for the writes: their connections are
// then drawn for these alone.
func (c *caller) alone(s *facts.Snapshot, writes []simulated) bool {
	drawn := map[admission.Culprit]bool{}
	hook := ""
	for _, w := range writes {
		for n, k := range w.calls {
			if k.at != nil {
				drawn[w.by[n].Culprit()], hook = true, w.Hook
			}
		}
	}
	return len(drawn) == 0 || !slices.ContainsFunc(probe.All(s), func(i admission.Intercepted) bool {
		return i.Write.Hook != hook && slices.ContainsFunc(i.By, func(by admission.Interception) bool {
			return drawn[by.Culprit()]
		})
	})
}

// awaited is what comes of the hook that h waits for, zero if it waits for none.
func awaited(hooks []bootstrap.Hook, h bootstrap.Hook, byHook map[string][]simulated) ends {
	for _, other := range hooks {
		if h.WaitsFor != "" && other.Name == h.WaitsFor {
			return runEnds(other, byHook[other.Name], ends{})
		}
	}
	return ends{}
}

// unread says which admission configuration could not be read: without it no
// write is known to pass.
func unread(s *facts.Snapshot) string {
	for _, f := range []facts.Fact{facts.ValidatingWebhooks, facts.MutatingWebhooks, facts.ValidatingPolicies, facts.ValidatingPolicyBindings, facts.MutatingPolicies, facts.MutatingPolicyBindings} {
		if a, absent := s.Absence(f); absent {
			return fmt.Sprintf("could not read %s (%s)", f.ID(), a)
		}
	}
	return ""
}

func unknownReason(plan bootstrap.Plan, hook string) string {
	for _, u := range plan.Unknown {
		if u.Hook == hook {
			return u.Reason
		}
	}
	return ""
}

// leaveOpen makes the outcome unknown for the reason given, unless there is none
// or the hook is known to fail anyway.
func (r *Hook) leaveOpen(h bootstrap.Hook, reason string) {
	if reason == "" || r.Outcome.Fails() {
		return
	}
	r.Outcome, r.AtBest, r.AtWorst, r.Reason, r.Possible = Unknown, "", outcomeAtWorst(h), reason, nil
}

// worst is the worst outcome that is certain; unknown only if it may be worse
// than that. Where all that may be worse is that some hook is late, for what
// can't be seen beforehand, it is delayed, with atBest.
func worst(hooks []Hook) (outcome, atBest Outcome) {
	certain, possible, late := 0, 0, false
	for _, h := range hooks {
		switch {
		case h.Outcome == Unknown:
			possible = max(possible, slices.Index(outcomes, h.AtWorst))
		case h.AtBest == Ready:
			late = true
		default:
			certain = max(certain, slices.Index(outcomes, h.Outcome))
		}
	}
	switch {
	case possible > certain:
		return Unknown, ""
	case outcomes[certain] == Ready && late:
		return Delayed, Ready
	}
	return outcomes[certain], ""
}

// sum draws the replica's outcome from its hooks'. The hooks run side by side,
// so the slowest decides when the replica is ready, and the first to exit when
// it exits.
func (cp *ControlPlane) sum() {
	ready := Seconds{usualMin.Seconds(), usualMax.Seconds()}
	var exit *Seconds
	cp.Outcome, cp.AtBest = worst(cp.Hooks)
	cp.Possible = possibilities(cp.Hooks)
	for _, h := range cp.Hooks {
		if h.Seconds == nil {
			continue
		}
		if h.Outcome == CrashLoop {
			if exit == nil {
				exit = &Seconds{h.Seconds.Min, h.Seconds.Max}
			}
			exit.Min, exit.Max = min(exit.Min, h.Seconds.Min), min(exit.Max, h.Seconds.Max)
			continue
		}
		ready.Min = max(ready.Min, h.Seconds.Min+(usualMin-hooksBeginMin).Seconds())
		ready.Max = max(ready.Max, h.Seconds.Max+(usualMax-hooksBeginMax).Seconds())
	}
	switch cp.Outcome {
	case CrashLoop:
		cp.ExitsAfterSeconds = exit
	case Ready, Degraded, Delayed:
		cp.ReadyAfterSeconds = &ready
	case Unknown, NeverReady:
	}
}

// note tells what a kubelet makes of the replica, where that is not what it comes to alone.
func (cp *ControlPlane) note() {
	if n := cp.UnderKubelet.note(); n != "" {
		cp.Notes = append(cp.Notes, n)
	}
}
