package bootstrap

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Of returns what the target version of s would write on the cluster that s was
// taken of. It is computed once per snapshot.
//
// The plan is what one new replica writes while it starts, held against the live
// objects; which minor runs makes no difference to that. A target of the running
// minor has the writes of any start; one that skips minors is planned as if
// nothing were in between. An older minor has no plan, unless it is the one that
// is emulated, and neither has a minor that the catalogue lacks. [HopOf] tells
// these apart: for a newer one there is a part of a plan, with a Problem. Of the first step of a two-step upgrade the plan is an upper
// bound: it holds what both steps write.
//
// What the flags of a control plane change can't be seen: feature gates that
// add objects, APIs that are enabled or disabled. The catalogue is of the
// defaults.
func Of(s *facts.Snapshot) Plan { return derivation.Of(s) }

var derivation = &facts.Derivation[Plan]{Compute: compute, From: Needs}

// Needs returns the facts that a plan is made from. One that is absent leaves
// single hooks unknown, except the server's version: without it there is no plan.
func Needs() []facts.Fact {
	needs := []facts.Fact{facts.ServerVersion, facts.APIResources}
	for _, r := range table() {
		for _, f := range r.needs {
			if !slices.ContainsFunc(needs, func(n facts.Fact) bool { return n.ID() == f.ID() }) {
				needs = append(needs, f)
			}
		}
	}
	return needs
}

func compute(s *facts.Snapshot) Plan {
	minor, hop, problem := target(s)
	switch {
	case problem == "":
	case isBeyond(hop):
		return beyond(s, hop)
	default:
		return Plan{Problem: problem}
	}
	before, after := minor.Around(hop.Target.Patch)
	plan := planFor(s, hop, after)
	if before.Version != after.Version {
		plan.orAs(planFor(s, hop, before), hop.Target, before.Version, after.Version)
	}
	return plan
}

// planFor plans as if the target wrote what that patch of its minor does.
func planFor(s *facts.Snapshot, hop Hop, patch catalogue.Minor) Plan {
	p := newPlanner(s, hop, patch)
	for _, r := range rowsOf(hop.Target.Minor) {
		p.run(r)
	}
	return p.plan
}

func newPlanner(s *facts.Snapshot, hop Hop, patch catalogue.Minor) *planner {
	p := &planner{
		s: s, hop: hop, minor: patch, plan: Plan{Target: hop.Target.Line()}, told: map[string]int{},
		resources: map[schema.GroupVersionKind]schema.GroupVersionResource{},
	}
	for _, r := range patch.Resources {
		if !strings.Contains(r.Resource, "/") {
			gv := schema.GroupVersion{Group: r.Group, Version: r.Version}
			p.resources[gv.WithKind(r.Kind)] = gv.WithResource(r.Resource)
		}
	}
	return p
}

// A planner works out the plan for one target, hook by hook.
type planner struct {
	s         *facts.Snapshot
	hop       Hop
	minor     catalogue.Minor
	resources map[schema.GroupVersionKind]schema.GroupVersionResource
	hook      Hook
	plan      Plan
	// told counts the Events of the hooks, by what they tell of.
	told map[string]int
}

func (p *planner) run(r row) {
	p.hook = r.Hook
	p.plan.Hooks = append(p.plan.Hooks, r.Hook)
	var unread []string
	for _, f := range r.needs {
		if a, absent := p.s.Absence(f); absent {
			unread = append(unread, fmt.Sprintf("could not read %s (%s)", f.ID(), a))
		}
	}
	if unread != nil {
		p.unknown(strings.Join(unread, "; "))
	}
	if r.simulate != nil {
		r.simulate(p)
	}
}

func (p *planner) unknown(reason string) {
	p.plan.Unknown = append(p.plan.Unknown, Unknown{p.hook.Name, reason})
}

// recorded are the objects of that kind which the hook writes at a fresh start.
func (p *planner) recorded(kind string, op Operation) []*unstructured.Unstructured {
	return recorded(p.minor, p.hook.Name, kind, op)
}

func recorded(m catalogue.Minor, hook, kind string, op Operation) []*unstructured.Unstructured {
	var found []*unstructured.Unstructured
	for _, w := range m.Writes {
		if w.Hook == hook && w.Verb == string(op) && w.Object.GetKind() == kind {
			found = append(found, w.Object)
		}
	}
	return found
}

func (p *planner) create(object *unstructured.Unstructured, with ...func(*Write)) {
	p.add(Create, object, nil, with)
}

func (p *planner) update(object, old *unstructured.Unstructured, with ...func(*Write)) {
	p.add(Update, object, old, with)
}

func (p *planner) remove(old *unstructured.Unstructured, with ...func(*Write)) {
	p.add(Delete, nil, old, with)
}

func (p *planner) add(op Operation, object, old *unstructured.Unstructured, with []func(*Write)) {
	named := object
	if named == nil {
		named = old
	}
	kind := named.GroupVersionKind()
	w := Write{
		Hook: p.hook.Name, Operation: op, User: Loopback,
		Kind: kind, Resource: p.resources[kind], Namespace: named.GetNamespace(), Name: named.GetName(),
		Object: object, OldObject: old,
		Background: !p.hook.Blocks,
		NewKind:    p.isNew(p.resources[kind]),
	}
	for _, change := range with {
		change(&w)
	}
	if kind == eventKind {
		p.plan.BestEffort = append(p.plan.BestEffort, w)
		return
	}
	p.plan.Writes = append(p.plan.Writes, w)
}

func (p *planner) isNew(resource schema.GroupVersionResource) bool {
	served, ok := facts.APIResources.Get(p.s)
	return ok && !slices.ContainsFunc(served, func(r facts.APIResource) bool {
		return r.Group == resource.Group && r.Version == resource.Version && r.Resource == resource.Resource
	})
}

// What a hook says of a write beyond its objects.
var (
	everyStart = func(w *Write) { w.EveryStart = true }
	background = func(w *Write) { w.Background = true }
	optional   = func(w *Write) { w.Optional = true }
	status     = func(w *Write) { w.Subresource = "status" }
)

func when(condition string) func(*Write) { return func(w *Write) { w.Condition = condition } }

// typed converts an object of the catalogue to its Go type.
func typed[T any](u *unstructured.Unstructured) *T {
	object := new(T)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, object); err != nil {
		panic(fmt.Sprintf("bootstrap: the catalogue's %s %s: %v", u.GetKind(), u.GetName(), err))
	}
	return object
}

// typedOnce is [typed] for what is only read: a fix is simulated by many plans, each of
// which asks for all roles.
func typedOnce[T any](u *unstructured.Unstructured) *T {
	if object, ok := onceTyped.Load(u); ok {
		return object.(*T)
	}
	object, _ := onceTyped.LoadOrStore(u, typed[T](u))
	return object.(*T)
}

// onceTyped holds objects of the catalogue in their Go types.
var onceTyped sync.Map

// untyped converts an object of a Go type that has no apiVersion and kind; they
// are those of like.
func untyped(object any, like *unstructured.Unstructured) *unstructured.Unstructured {
	u := untypedOf(object)
	u.SetGroupVersionKind(like.GroupVersionKind())
	return u
}

// untypedOf converts an object of a Go type that has its apiVersion and kind.
func untypedOf(object any) *unstructured.Unstructured {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		panic(fmt.Sprintf("bootstrap: %T: %v", object, err))
	}
	return &unstructured.Unstructured{Object: fields}
}
