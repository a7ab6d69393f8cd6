package bootstrap

import (
	"fmt"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// exemplar is a default ClusterRole that a patch has changed: 1.32.13 has another
// rule than 1.32.2 (kubernetes plugin/pkg/auth/authorizer/rbac/bootstrappolicy/controller_policy.go).
const exemplar = "system:controller:node-controller"

// laterPatch plans for what the record can't hold: one patch of the minor is on
// record, and a later one may have changed default ClusterRoles. Where no update
// of one is planned anyway, an update of the exemplar stands for them, with its
// condition; how many there would be is not known.
func (p *planner) laterPatch() {
	live, ok := facts.ClusterRoles.Get(p.s)
	recorded, err := version.Parse(p.minor.Version)
	if !ok || err != nil || p.hop.Target.Patch <= recorded.Patch || p.hop.patched() {
		return
	}
	for _, w := range p.plan.Writes {
		if w.Operation == Update && w.Kind.Kind == "ClusterRole" {
			return
		}
	}
	for _, want := range p.recorded("ClusterRole", Create) {
		for i := range live {
			if want.GetName() == exemplar && live[i].Name == exemplar && live[i].Annotations[rbacv1.AutoUpdateAnnotationKey] != "false" {
				p.update(untyped(&live[i], want), untyped(&live[i], want),
					when(fmt.Sprintf("if %s has another default ClusterRole than %s, which is on record", p.hop.Target, p.minor.Version)))
			}
		}
	}
}

// patched reports whether the running API server is of the target's minor and no
// older: its start has written already what that patch writes.
func (h Hop) patched() bool {
	return version.CompareLine(h.Served, h.Target) == 0 && h.Step != RollBack && h.Running.Patch >= h.Target.Patch
}
