// Package simulation says what the target version would write at start-up, and
// who would see each write, without asking anybody.
package simulation

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

// Schema names the format of [Simulation]; fields are only ever added to it.
const Schema = "gke-preflight/simulation/v1"

// A Verdict is what the simulation alone allows to be said.
type Verdict string

const (
	// Clear: the replica gets ready, and what the cluster lives by is kept, though no
	// webhook answers.
	Clear Verdict = "clear"
	// Endangered: while no webhook answers, or because a policy denies, the replica
	// does not get ready, or something is lost that takes the cluster down.
	Endangered Verdict = "endangered"
	// Undecided: it can't be told.
	Undecided Verdict = "undecided"
	// NoEffect: nothing of the manifests does anything as written, or is served;
	// the notes say why.
	NoEffect Verdict = "no-effect"
)

// A Simulation is the plan of one version on one cluster, and who intercepts it.
type Simulation struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// From is the running version, Target the one to upgrade to.
	From   string `json:"from"`
	Target string `json:"target"`
	// Added are the configurations and policies of manifests; where there were any
	// manifests, the verdict is about them alone.
	Added []string `json:"added,omitempty"`
	// Notes say what of the manifests does nothing as written, what is not served,
	// and what they do not show.
	Notes []string `json:"notes,omitempty"`
	// Harms are what fails while no webhook answers; the verdict comes from them.
	Harms []Harm `json:"harms"`
	// Waiting names the lines that stand still while no webhook answers, though that alone
	// takes no cluster down: add-ons are not brought to the new version, or reviews fail. It
	// is told of a clear simulation alone.
	Waiting []string `json:"waiting,omitempty"`
	// Summary is the worst of them in one line: who would stop what, and what follows;
	// empty where there are none.
	Summary string `json:"summary,omitempty"`
	// Problem says why there is no plan, or only a part of one; empty if there is one.
	Problem string `json:"problem,omitempty"`
	// Skipped are the minors between the two, such as 1.34. The upgrade would go
	// over each of them, and what they write is not in the plan.
	Skipped []string `json:"skipped,omitempty"`
	Hooks   []Hook   `json:"hooks"`
	// Lifelines are what the cluster lives by beside the start.
	Lifelines []Lifeline `json:"lifelines"`
}

// Hook is one PostStartHook with its writes.
type Hook struct {
	Name string `json:"name"`
	// Failing is what it does while a write fails, one of [bootstrap.Failing].
	Failing string `json:"failing"`
	// Fatal says that the process exits when the hook fails.
	Fatal           bool    `json:"fatal"`
	DeadlineSeconds float64 `json:"deadlineSeconds,omitempty"`
	// WaitsFor names the hook that must be done before this one writes; empty for none.
	WaitsFor string `json:"waitsFor,omitempty"`
	// Unknown says why its writes, or some, could not be worked out; empty if they could.
	Unknown string  `json:"unknown,omitempty"`
	Writes  []Write `json:"writes,omitempty"`
	// BestEffort are writes that nobody waits for, and that nothing follows from if
	// they are rejected: Events.
	BestEffort []Write `json:"bestEffort,omitempty"`
	Source     string  `json:"source"`
}

// Write is one write.
type Write struct {
	Verb      string `json:"verb"`
	Resource  string `json:"resource"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	// When is "every start" or the condition under which it happens; empty for a
	// write that this upgrade certainly makes once.
	When          string         `json:"when,omitempty"`
	InterceptedBy []Interception `json:"interceptedBy,omitempty"`
}

// Interception is a webhook or policy that would see the write.
type Interception struct {
	Kind          string `json:"kind"`
	Name          string `json:"name"`
	Webhook       string `json:"webhook,omitempty"`
	FailurePolicy string `json:"failurePolicy"`
	// TimeoutSeconds is a webhook's; zero for a policy.
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty"`
	// Denial is what the API server itself would say, without asking anybody.
	Denial string `json:"denial,omitempty"`
	// Undecided says why it can't be told whether it intercepts, or what it says.
	Undecided string `json:"undecided,omitempty"`
	// AtStart says why a replica that has just started may reject the write
	// although one that runs does not.
	AtStart string `json:"atStart,omitempty"`
	// Added says that it comes from a manifest.
	Added bool `json:"added,omitempty"`
}

// Backends says how the backends of webhooks are.
type Backends int

const (
	// Down: they accept connections, and say nothing.
	Down Backends = iota
	// Well: they answer at once, and allow.
	Well
)

// Of simulates the start of the target version of s while no webhook answers. added is
// what of s comes from manifests; nil where there were none.
func Of(s *facts.Snapshot, added *manifest.Added) Simulation { return With(s, added, Down) }

// With is [Of] with backends that are as b says.
func With(s *facts.Snapshot, added *manifest.Added, b Backends) Simulation {
	s = asking(s)
	if added != nil && added.Others != nil {
		seen := *added
		seen.Others = asking(added.Others)
		added = &seen
	}
	plan := bootstrap.Of(s)
	sim := Simulation{Schema: Schema, Target: s.Meta.Target, Problem: plan.Problem, Harms: []Harm{}, Hooks: []Hook{}}
	if v, ok := facts.ServerVersion.Get(s); ok {
		sim.From = v.GitVersion
	}
	if added != nil {
		sim.Notes = added.Notes
		for _, n := range added.Names {
			sim.Added = append(sim.Added, n.String())
		}
	}
	if hop, _ := bootstrap.HopOf(s); plan.Problem == "" {
		sim.Skipped = hop.Over()
	}
	fromManifest := holds(added)
	byHook := map[string][]Write{}
	for _, i := range admission.Intercept(s) {
		byHook[i.Write.Hook] = append(byHook[i.Write.Hook], write(i, fromManifest))
	}
	told := map[string][]Write{}
	for _, w := range plan.BestEffort {
		told[w.Hook] = append(told[w.Hook], write(admission.Intercepted{Write: w, By: admission.Match(s, w)}, fromManifest))
	}
	for _, h := range plan.Hooks {
		sim.Hooks = append(sim.Hooks, Hook{
			Name: h.Name, Failing: string(h.Failing), Fatal: h.Fatal(), DeadlineSeconds: h.Deadline.Seconds(), WaitsFor: h.WaitsFor,
			Unknown: unknown(plan, h.Name), Writes: byHook[h.Name], BestEffort: told[h.Name], Source: h.Source,
		})
	}
	seen := s
	if added != nil && added.Others != nil {
		seen = added.Others
	}
	sim.Lifelines = lifelines(seen, fromManifest)
	sim.judge(s, plan, added, b)
	if added != nil && sim.Verdict == Undecided {
		sim.Notes = slices.Concat(sim.Notes, added.Doubts)
	}
	sim.Summary = Together([]Simulation{sim}).Summary
	return sim
}

// asking is s with all lines: those that a recording of an earlier version asked no webhook
// about are left out elsewhere, and here nobody is asked about any.
func asking(s *facts.Snapshot) *facts.Snapshot {
	if s.Meta.NodeWrites {
		return s
	}
	m := s.Meta
	m.NodeWrites = true
	return s.WithMeta(m)
}

func unknown(plan bootstrap.Plan, hook string) string {
	for _, u := range plan.Unknown {
		if u.Hook == hook {
			return u.Reason
		}
	}
	return ""
}

func write(i admission.Intercepted, added func(admission.Interception) bool) Write {
	w := Write{
		Verb: string(i.Write.Operation), Resource: i.Write.ResourceName(), Namespace: i.Write.Namespace, Name: i.Write.Name,
		When: i.Write.Condition,
	}
	if w.When == "" && i.Write.EveryStart {
		w.When = "every start"
	}
	for _, by := range i.By {
		w.InterceptedBy = append(w.InterceptedBy, interception(by, added))
	}
	return w
}

func interception(i admission.Interception, added func(admission.Interception) bool) Interception {
	policy := "Ignore"
	if i.Fails {
		policy = "Fail"
	}
	return Interception{
		Kind: string(i.Kind), Name: i.Name, Webhook: i.Webhook, FailurePolicy: policy, TimeoutSeconds: i.Timeout.Seconds(),
		Denial: i.Denial, Undecided: i.Undecided, AtStart: i.AtStart,
		Added: added(i),
	}
}
