package bootstrap

import (
	"cmp"
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// exemplar is a default ClusterRole that a patch has changed: 1.32.13 has another
// rule than 1.32.2 (kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go).
const exemplar = "system:controller:node-controller"

// orAs adds what a target between two patches on record may do: what only one of
// them writes gets a condition. p is the plan as the later one, earlier as the
// earlier one.
func (p *Plan) orAs(earlier Plan, target version.Version, before, after string) {
	only := func(w *Write, like, unlike string) {
		w.Condition = cmp.Or(w.Condition, fmt.Sprintf("if %s writes what %s does, and not what %s does", target, like, unlike))
	}
	both := map[string]bool{}
	for _, w := range earlier.Writes {
		both[w.Key()] = true
	}
	for i, w := range p.Writes {
		if !both[w.Key()] {
			only(&p.Writes[i], after, before)
		}
	}
	for _, w := range p.Writes {
		both[w.Key()] = false
	}
	for _, w := range earlier.Writes {
		if both[w.Key()] {
			only(&w, before, after)
			p.Writes = append(p.Writes, w)
		}
	}
}

// laterPatch plans for what the record can't hold: a later patch than those on
// record may have changed default ClusterRoles. Where no update of one is planned
// anyway, an update of the exemplar stands for them, with its condition; how many
// there would be is not known.
func (p *planner) laterPatch() {
	live, ok := facts.ClusterRoles.Get(p.s)
	newest, _ := catalogue.Find(p.plan.Target)
	recorded, err := version.Parse(newest.Version)
	if !ok || err != nil || p.hop.Target.Patch <= recorded.Patch || p.hop.patched() {
		return
	}
	for _, w := range p.plan.Writes {
		if w.Operation == Update && w.Kind.Kind == "ClusterRole" {
			return
		}
	}
	p.updateExemplar(live, when(fmt.Sprintf("if %s has another default ClusterRole than %s, which is on record", p.hop.Target, newest.Version)))
}

func (p *planner) updateExemplar(live []rbacv1.ClusterRole, condition func(*Write)) {
	for _, want := range p.recorded("ClusterRole", Create) {
		for i := range live {
			if want.GetName() == exemplar && live[i].Name == exemplar && live[i].Annotations[rbacv1.AutoUpdateAnnotationKey] != "false" {
				p.update(untyped(&live[i], want), untyped(&live[i], want), condition)
			}
		}
	}
}

// updateExample plans an update of one object of the kind, which stands for those
// that there may be: of a ClusterRole as it is, else as it is on record.
func (p *planner) updateExample(kind string, condition func(*Write)) {
	if kind == "ClusterRole" {
		live, _ := facts.ClusterRoles.Get(p.s)
		p.updateExemplar(live, condition)
		return
	}
	if all := p.recorded(kind, Create); len(all) > 0 {
		p.update(all[0], all[0], condition)
	}
}

// patched reports whether the running API server is of the target's minor and no
// older: its start has written already what that patch writes.
func (h Hop) patched() bool {
	return version.CompareLine(h.Served, h.Target) == 0 && h.Step != RollBack && h.Running.Patch >= h.Target.Patch
}
