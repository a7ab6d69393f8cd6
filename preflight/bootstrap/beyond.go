package bootstrap

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// coveredWithin is how soon after its first release the catalogue holds a minor.
const coveredWithin = "14 days"

// newestMinor is the newest minor on record.
func newestMinor() catalogue.Minor {
	all := catalogue.All()
	return all[len(all)-1]
}

// isBeyond reports whether the target is of a minor that may come to be on record:
// one of the same major version, newer than all that are.
func isBeyond(hop Hop) bool {
	newest, err := version.Parse(newestMinor().Version)
	return err == nil && hop.Step != Back && hop.Target.Major == newest.Major && version.CompareLine(newest, hop.Target) < 0
}

// beyond is what can be planned for a minor that is newer than the catalogue: what
// the newest one on record writes at every start, and an update of each kind that
// every hop on record has updated, with its condition. Hooks that have none of
// these are left out: what they do there is not known.
func beyond(s *facts.Snapshot, hop Hop) Plan {
	p := newPlanner(s, hop, newestMinor())
	for _, r := range rowsOf(hop.Target.Minor) {
		p.run(r)
	}
	always := slices.DeleteFunc(p.plan.Writes, func(w Write) bool { return !w.EveryStart })
	p.plan.Writes = nil
	condition := when(fmt.Sprintf("if %s updates one, as every upgrade on record did", hop.Target.Line()))
	for _, k := range everyHopUpdates() {
		p.hook = p.hookNamed(k.hook)
		p.updateExample(k.kind, condition)
	}
	p.plan.Writes = append(p.plan.Writes, always...)
	writes := func(name string) bool {
		return slices.ContainsFunc(p.plan.Writes, func(w Write) bool { return w.Hook == name })
	}
	p.plan.Hooks = slices.DeleteFunc(p.plan.Hooks, func(h Hook) bool { return !writes(h.Name) })
	p.plan.Unknown = slices.DeleteFunc(p.plan.Unknown, func(u Unknown) bool { return !writes(u.Hook) })
	p.plan.BestEffort = nil
	p.plan.Problem = fmt.Sprintf("what %s writes at start-up is not known yet: the catalogue ends with %s, and a minor is covered within %s of its .0", hop.Target.Line(), newestMinor().Line(), coveredWithin)
	return p.plan
}

func (p *planner) hookNamed(name string) Hook {
	n := slices.IndexFunc(p.plan.Hooks, func(h Hook) bool { return h.Name == name })
	if n < 0 {
		return Hook{Name: name}
	}
	return p.plan.Hooks[n]
}

// hookKind is a kind that a hook writes.
type hookKind struct{ hook, kind string }

// everyHopUpdates are the kinds of which every hop on record has updated objects,
// on a cluster that nobody touched.
func everyHopUpdates() []hookKind {
	minors := Minors()
	var common []hookKind
	for i, to := range minors[1:] {
		untouched, _ := Untouched(minors[i])
		var updated []hookKind
		for _, w := range compute(facts.New(facts.Meta{Target: to}, untouched...)).Writes {
			k := hookKind{w.Hook, w.Kind.Kind}
			if w.Operation == Update && !w.EveryStart && w.Condition == "" && !slices.Contains(updated, k) {
				updated = append(updated, k)
			}
		}
		if i == 0 {
			common = updated
		}
		common = slices.DeleteFunc(common, func(k hookKind) bool { return !slices.Contains(updated, k) })
	}
	return common
}

// Covered returns the newest minor that the catalogue holds and that s can be
// upgraded to in one step, or be replaced in; empty if there is none, or the target
// is covered itself.
func Covered(s *facts.Snapshot) string {
	hop, problem := HopOf(s)
	if problem != "" || !isBeyond(hop) {
		return ""
	}
	next := version.Version{Major: hop.Served.Major, Minor: hop.Served.Minor + 1}
	for _, line := range []string{next.Line(), hop.Served.Line()} {
		if _, ok := catalogue.Find(line); ok {
			return line
		}
	}
	return ""
}
