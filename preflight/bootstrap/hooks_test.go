package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

func mustFind(t *testing.T, minor string) catalogue.Minor {
	t.Helper()
	m, ok := catalogue.Find(minor)
	if !ok {
		t.Fatalf("the catalogue does not hold %s", minor)
	}
	return m
}

func TestEveryRecordedHookIsInTheTable(t *testing.T) {
	for _, m := range catalogue.All() {
		v, err := version.Parse(m.Version)
		if err != nil {
			t.Fatal(err)
		}
		names := map[string]bool{}
		for _, r := range rowsOf(v.Minor) {
			if names[r.Name] {
				t.Errorf("%s has %s twice", m.Line(), r.Name)
			}
			names[r.Name] = true
		}
		for _, w := range m.Writes {
			if !names[w.Hook] {
				t.Errorf("%s: %s writes %s %s and is not in the table", m.Line(), w.Hook, w.Object.GetKind(), w.Object.GetName())
			}
		}
	}
}

func TestTableIsCoherent(t *testing.T) {
	for _, r := range table() {
		if r.Source == "" || r.Name == "" || r.Failing == "" || r.since == 0 {
			t.Errorf("%s: incomplete: %+v", r.Name, r.Hook)
		}
		if r.Fatal() && !r.Blocks {
			t.Errorf("%s: what is fatal is waited for", r.Name)
		}
		if (r.Failing == ExitAfterPasses || r.Failing == ExitAtDeadline) != (r.Deadline > 0) {
			t.Errorf("%s: %s with a deadline of %v", r.Name, r.Failing, r.Deadline)
		}
		if r.needs != nil && r.simulate == nil {
			t.Errorf("%s: needs facts for nothing", r.Name)
		}
	}
}

func TestTheIncidentsHook(t *testing.T) {
	has := func(minor int) bool {
		return slices.ContainsFunc(rowsOf(minor), func(r row) bool { return r.Name == "ca-registration" && r.Fatal() })
	}
	if !has(13) || has(17) {
		t.Errorf("ca-registration is fatal in 1.13: %t; in 1.17: %t", has(13), has(17))
	}
}

func TestTracks(t *testing.T) {
	for object, want := range map[string]bool{
		"clusterroles.rbac.authorization.k8s.io cluster-admin":                                      true,
		"clusterroles.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller": true,
		"clusterroles.rbac.authorization.k8s.io mine":                                               false,
		"roles.rbac.authorization.k8s.io extension-apiserver-authentication-reader":                 true,
		"rolebindings.rbac.authorization.k8s.io cluster-admin":                                      false,
		"configmaps extension-apiserver-authentication":                                             true,
		"priorityclasses.scheduling.k8s.io system-node-critical":                                    true,
	} {
		resource, name, _ := strings.Cut(object, " ")
		if got := Tracks(resource, name); got != want {
			t.Errorf("Tracks(%q, %q) = %t", resource, name, got)
		}
	}
}
