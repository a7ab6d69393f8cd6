// Package cure finds the patch that keeps each webhook or policy out of the
// upgrade's way, and proves it: the patch is applied to the recorded object and
// the forecast is made again. It applies nothing to a cluster.
package cure

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

// Schema names the format of [Plan]; fields are only ever added to it.
const Schema = "gke-preflight/fix/v1"

// Options are what a user may choose. Zero values are as stated.
type Options struct {
	// Way is the only one to try; empty for all, the best first.
	Way Way
	// Kinds are what each configuration, by its name, is for.
	Kinds map[string][]schema.GroupResource
	// Alone forecasts with each patch alone too, where there are several.
	Alone bool
	// All tries every way and says what comes of each, where usually the first
	// that cures is enough.
	All bool
}

// A Plan is what to patch, and what comes of it.
type Plan struct {
	Schema string `json:"schema"`
	// From is the running version, Target the one to upgrade to.
	From   string `json:"from"`
	Target string `json:"target"`
	// Supposed says that there is no harm while the backend answers: it is supposed
	// to hang.
	Supposed bool `json:"supposed,omitempty"`
	// Before and After are the forecasts without the patches and with all of those
	// in Cures.
	Before State `json:"before"`
	After  State `json:"after"`
	// Cures are for what stands in the way now, Precautions for what would if its
	// backend hung.
	Cures       []Cure `json:"cures"`
	Precautions []Cure `json:"precautions"`
	// Left is what no patch is offered for.
	Left []Left `json:"left"`
}

// A Cure is the patch of one configuration or policy.
type Cure struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Webhooks are those of the configuration that the patch changes; absent for a policy.
	Webhooks []string `json:"webhooks,omitempty"`
	// Hooks and Lifelines are what it harms, or would.
	Hooks     []string `json:"hooks,omitempty"`
	Lifelines []string `json:"lifelines,omitempty"`
	Way       Way      `json:"way"`
	// Does says in words what the patched object does, such as "exempts the API
	// server itself".
	Does string `json:"does"`
	// Cures says that nothing is left of the harm; false if it only becomes less.
	Cures bool `json:"cures"`
	// Supposed says that there is no harm while the backend answers: it is supposed
	// to hang.
	Supposed bool `json:"supposed,omitempty"`
	// Before and After are the forecasts without the patch and with it, where
	// nothing else stands in the way; of a precaution, with the backend hanging.
	Before State `json:"before"`
	After  State `json:"after"`
	// Alone is the forecast with this patch and none of the others; absent unless it
	// was asked for and there are others.
	Alone *State `json:"alone,omitempty"`
	// Patch is a JSON patch that applies only where the object is as it was
	// recorded; Command applies it.
	Patch   json.RawMessage `json:"patch"`
	Command string          `json:"command"`
	// Manifest is YAML for server-side apply, with nothing but what changes. Force
	// says that it needs --force-conflicts: it changes what somebody else has set.
	Manifest string `json:"manifest"`
	Force    bool   `json:"force,omitempty"`
	// Owners are what the object says of who manages it, who may undo the change.
	Owners []string `json:"owners,omitempty"`
	// Advice says where the software that the object belongs to is configured;
	// empty if it is not one that is known by the object's name.
	Advice string `json:"advice,omitempty"`
	// Tried are the other ways; only those before this one unless all were asked for.
	Tried []Trial `json:"tried,omitempty"`
}

// PatchFile is the name of the file that the patch is written to.
func (c Cure) PatchFile() string { return c.stem() + ".jsonpatch" }

// ManifestFile is the name of the file that the manifest is written to.
func (c Cure) ManifestFile() string { return c.stem() + ".yaml" }

func (c Cure) stem() string { return strings.ToLower(c.Kind) + "-" + c.Name }

// Proof says what the simulation showed, such as "in the simulation that turns
// crash-loop into ready".
func (c Cure) Proof() string {
	var parts []string
	if c.Before.Outcome != c.After.Outcome {
		parts = append(parts, fmt.Sprintf("turns %s into %s", c.Before.Outcome, c.After.Outcome))
	}
	if b, a := len(c.Before.Lifelines), len(c.After.Lifelines); b != a {
		parts = append(parts, strings.Replace(fmt.Sprintf("brings the lifelines that it harms from %d to %d", b, a), "to 0", "to none", 1))
	}
	if parts == nil {
		parts = []string{fmt.Sprintf("leaves less harm, though still %s", c.After.Outcome)}
	}
	where := "in the simulation that "
	if c.Supposed {
		where = "in a simulation in which its backend hangs that "
	}
	return where + strings.Join(parts, " and ")
}

// A Trial is a way that was not taken.
type Trial struct {
	Way Way `json:"way"`
	// Does says in words what it would do; absent where it could not be tried.
	Does string `json:"does,omitempty"`
	// After is the forecast with it; absent where it could not be tried.
	After *State `json:"after,omitempty"`
	// Why says why it could not be tried; empty if it was.
	Why string `json:"why,omitempty"`
	// Cures says that it would do as well.
	Cures bool `json:"cures,omitempty"`
}

// Left is something in the upgrade's way that no patch is offered for.
type Left struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Of returns the plan for s with no options. It is computed once per snapshot.
func Of(s *facts.Snapshot) Plan { return derivation.Of(s) }

var derivation = &facts.Derivation[Plan]{Compute: func(s *facts.Snapshot) Plan {
	p, _ := With(s, Options{})
	return p
}}

// With returns the plan for s, and s with all patches of its Cures applied.
func With(s *facts.Snapshot, o Options) (Plan, *facts.Snapshot) {
	f := foretold(s)
	p := Plan{Schema: Schema, Target: s.Meta.Target, Before: stateOf(f), Cures: []Cure{}, Precautions: []Cure{}, Left: []Left{}}
	if v, ok := facts.ServerVersion.Get(s); ok {
		p.From = v.GitVersion
	}
	harming := troublesOf(f).cautious(s, f)
	var applied []patched
	for _, t := range harming {
		c, made, left := heal(s, harming, t, o)
		if left != nil {
			p.Left = append(p.Left, *left)
			continue
		}
		p.Cures = append(p.Cures, c)
		applied = append(applied, made)
	}
	after := s
	switch {
	case len(harming) == 1 && len(applied) == 1:
		after = applied[0].after
	case len(applied) > 0:
		after = together(s, applied)
	}
	p.After = stateOf(foretold(after))
	for n := range p.Cures {
		if o.Alone && len(applied) > 1 {
			alone := stateOf(foretold(together(s, applied[n:n+1])))
			p.Cures[n].Alone = &alone
		}
	}
	for _, t := range precautions(s, f, harming) {
		if c, _, left := heal(s, harming, t, o); left == nil {
			p.Precautions = append(p.Precautions, c)
		}
	}
	p.Left = append(append(p.Left, unowned(f)...), ofNodes(s, harming)...)
	return p.clean(), after
}

// clean makes strings from the cluster safe to print. What is to be copied is in
// printable ASCII already, and stays as it is.
func (p Plan) clean() Plan {
	c := preflight.CleanCopy(p)
	for _, pair := range [][2][]Cure{{c.Cures, p.Cures}, {c.Precautions, p.Precautions}} {
		for n := range pair[0] {
			pair[0][n].Command, pair[0][n].Manifest = pair[1][n].Command, pair[1][n].Manifest
		}
	}
	return c
}

// For returns the cure or precaution for the culprit's configuration or policy, or
// false if there is none.
func (p Plan) For(culprit admission.Culprit) (Cure, bool) {
	for _, cs := range [][]Cure{p.Cures, p.Precautions} {
		for _, c := range cs {
			if (key{c.Kind, c.Name}) == keyOf(culprit) {
				return c, true
			}
		}
	}
	return Cure{}, false
}

// Why returns why no patch is offered for the culprit's configuration or policy, or
// false if one is, or if nothing is known against it.
func (p Plan) Why(culprit admission.Culprit) (string, bool) {
	for _, l := range p.Left {
		if (key{l.Kind, l.Name}) == keyOf(culprit) {
			return l.Reason, true
		}
	}
	return "", false
}

// Applied returns s with the patch of c applied to what was recorded. Dry-runs that
// the object stopped say nothing of what comes behind it, and are left out.
func Applied(s *facts.Snapshot, c Cure) *facts.Snapshot {
	o, ok := find(s, key{c.Kind, c.Name})
	if !ok {
		return s
	}
	return together(s, []patched{{object: o, patch: c.Patch}})
}

// ofNodes are those who harm nothing but what an upgrade of nodes needs.
func ofNodes(s *facts.Snapshot, harming troubles) (left []Left) {
	for _, t := range troublesOf(forecast.Of(s)) {
		if _, known := harming.of(t.key); !known {
			left = append(left, Left{t.kind, t.name, "it is in the way of nodes alone, and may be there for their pods: gke-preflight explain GP129"})
		}
	}
	return left
}

// unowned is what stands in the way and is neither webhook nor policy.
func unowned(f forecast.Forecast) []Left {
	cp := f.ControlPlane
	if cp.Problem != "" {
		return []Left{{"Version", "", cp.Problem}}
	}
	var left []Left
	for _, h := range cp.Hooks {
		if h.Outcome != forecast.Ready && len(cp.Harming(h)) == 0 {
			left = append(left, Left{"PostStartHook", h.Name, h.Reason})
		}
		for _, c := range cp.Harming(h) {
			if !ours(c.Culprit) {
				left = append(left, Left{"PostStartHook", h.Name, "the API server itself rejects a write: " + c.Detail})
			}
		}
	}
	for _, l := range f.Lifelines {
		if l.Outcome != forecast.Kept && (len(l.AtFault()) == 0 || !harmed(l)) {
			left = append(left, Left{"Lifeline", l.Name, l.Reason})
		}
	}
	return left
}

// A Report is a plan with what a check says of the cluster without and with the
// patches.
type Report struct {
	Plan
	Verdict preflight.Verdict `json:"verdict"`
	Patched preflight.Verdict `json:"verdictPatched"`
}
