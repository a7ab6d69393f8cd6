package bootstrap

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// cluster is an untouched cluster with a target, changed by observations.
func cluster(t *testing.T, minor, target string, changes ...facts.Observation) *facts.Snapshot {
	t.Helper()
	untouched, ok := Untouched(minor)
	if !ok {
		t.Fatalf("the catalogue does not hold %s", minor)
	}
	return facts.New(facts.Meta{Target: target, CollectedAt: now}, untouched...).With(changes...)
}

// describe renders a write in one line, with what is said of it beyond its key.
func describe(w Write) string {
	s := w.Hook + ": " + w.Key()
	for _, f := range []struct {
		on   bool
		word string
	}{{w.EveryStart, "every start"}, {w.Background, "background"}, {w.Optional, "optional"}, {w.NewKind, "new kind"}} {
		if f.on {
			s += ", " + f.word
		}
	}
	if w.Condition != "" {
		s += ", " + w.Condition
	}
	return s
}

func describeAll(p Plan) []string {
	var lines []string
	for _, w := range p.Writes {
		lines = append(lines, describe(w))
	}
	return lines
}

// always is what any start of 1.35 and later writes on an untouched cluster.
var always = []string{
	"start-cluster-authentication-info-controller: UPDATE configmaps kube-system/extension-apiserver-authentication, background, if the new replica's certificate authorities or request headers are not in it yet",
	"start-kube-apiserver-identity-lease-controller: DELETE leases.coordination.k8s.io kube-system/apiserver-running, every start, optional, if the new replica has the host name of an earlier one, whose lease is still there",
	"start-kube-apiserver-identity-lease-controller: CREATE leases.coordination.k8s.io kube-system/apiserver-new-replica, every start, background",
	"start-kube-apiserver-identity-lease-controller: UPDATE leases.coordination.k8s.io kube-system/apiserver-new-replica, every start, background",
	"bootstrap-controller: UPDATE endpoints default/kubernetes, every start, background",
	"bootstrap-controller: UPDATE endpointslices.discovery.k8s.io default/kubernetes, every start, background",
}

func TestUntouched(t *testing.T) {
	for _, c := range []struct {
		running, target string
		want            []string
	}{
		{"1.35", "1.35", always},
		{"1.36", "1.36.3-gke.100", always},
		{"1.35", "1.36", append([]string{
			"rbac/bootstrap-roles: CREATE clusterroles.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
			"rbac/bootstrap-roles: UPDATE clusterroles.rbac.authorization.k8s.io system:controller:pvc-protection-controller",
			"rbac/bootstrap-roles: UPDATE clusterroles.rbac.authorization.k8s.io system:controller:resource-claim-controller",
			"rbac/bootstrap-roles: UPDATE clusterroles.rbac.authorization.k8s.io system:kube-scheduler",
			"rbac/bootstrap-roles: UPDATE clusterroles.rbac.authorization.k8s.io system:monitoring",
			"rbac/bootstrap-roles: CREATE clusterrolebindings.rbac.authorization.k8s.io system:controller:device-taint-eviction-controller",
		}, always...)},
	} {
		p := Of(cluster(t, c.running, c.target))
		if p.Problem != "" || p.Unknown != nil {
			t.Errorf("%s to %s: %q, unknown %v", c.running, c.target, p.Problem, p.Unknown)
		}
		if d := cmp.Diff(c.want, describeAll(p)); d != "" {
			t.Errorf("%s to %s (- want, + got):\n%s", c.running, c.target, d)
		}
	}
}

// TestEmpty holds the simulation against the record as a whole: where nothing is
// there, a start writes what it wrote over an empty etcd.
func TestEmpty(t *testing.T) {
	for _, m := range catalogue.All() {
		s := cluster(t, m.Line(), m.Line())
		for _, o := range emptyFacts() {
			s = s.With(o)
		}
		var want []string
		for _, w := range m.Writes {
			want = append(want, strings.Join([]string{w.Hook, w.Verb, w.Object.GetKind(), w.Subresource, w.Object.GetNamespace(), w.Object.GetName()}, " "))
		}
		var got []string
		for _, w := range Of(s).Writes {
			got = append(got, strings.Join([]string{w.Hook, string(w.Operation), w.Kind.Kind, w.Subresource, w.Namespace, w.Name}, " "))
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (- record, + plan):\n%s", m.Line(), d)
		}
	}
}

func emptyFacts() []facts.Observation {
	return []facts.Observation{
		facts.Present(facts.ClusterRoles, nil), facts.Present(facts.ClusterRoleBindings, nil),
		facts.Present(facts.Roles, nil), facts.Present(facts.RoleBindings, nil),
		facts.Present(facts.FlowSchemas, nil), facts.Present(facts.PriorityLevels, nil),
		facts.Present(facts.PriorityClasses, nil), facts.Present(facts.Namespaces, nil),
		facts.Present(facts.APIServices, nil), facts.Present(facts.ServiceCIDRs, nil),
		facts.Present(facts.IPAddresses, nil), facts.Present(facts.Services, nil),
		facts.Present(facts.SystemConfigMaps, nil), facts.Present(facts.IdentityLeases, nil),
		facts.Present(facts.KubernetesService, facts.APIServerService{}),
	}
}

func TestWritesAreComplete(t *testing.T) {
	s := cluster(t, "1.35", "1.36")
	for _, o := range emptyFacts()[:8] {
		s = s.With(o)
	}
	seen := map[string]bool{}
	for _, w := range Of(s).Writes {
		if seen[w.Key()] {
			t.Errorf("%s: twice in the plan", w.Key())
		}
		seen[w.Key()] = true
		if w.Resource.Resource == "" || w.Kind.Kind == "" || w.Name == "" || w.User.Name != Loopback.Name {
			t.Errorf("%s: incomplete: %+v", w.Key(), w)
		}
		if (w.Object == nil) != (w.Operation == Delete) || (w.OldObject == nil) != (w.Operation == Create) {
			t.Errorf("%s: has object %t and old object %t", w.Key(), w.Object != nil, w.OldObject != nil)
		}
		if w.Operation == Update && cmp.Equal(w.Object, w.OldObject) && w.Resource.Resource != "leases" {
			t.Errorf("%s: writes what is there already", w.Key())
		}
	}
}

// TestAbsent takes each fact away: the hooks that need it are unknown, and say
// so; those that don't are planned as before.
func TestAbsent(t *testing.T) {
	whole := describeAll(Of(cluster(t, "1.35", "1.36")))
	for _, f := range Needs() {
		if f.ID() == facts.ServerVersion.ID() || f.ID() == facts.APIResources.ID() {
			continue
		}
		t.Run(f.ID(), func(t *testing.T) {
			p := Of(cluster(t, "1.35", "1.36", facts.Absent(f, facts.Forbidden, "may not list")))
			unknown := map[string]bool{}
			for _, u := range p.Unknown {
				unknown[u.Hook] = true
				if want := "could not read " + f.ID() + " (forbidden: may not list)"; u.Reason != want {
					t.Errorf("%s: %q, want %q", u.Hook, u.Reason, want)
				}
			}
			if len(unknown) == 0 {
				t.Fatal("no hook is unknown")
			}
			got := describeAll(p)
			for _, line := range whole {
				hook, _, _ := strings.Cut(line, ": ")
				if !unknown[hook] && !slices.Contains(got, line) {
					t.Errorf("without %s the plan lacks %s", f.ID(), line)
				}
			}
		})
	}
}

func TestUnknownKeepsWhatIsKnown(t *testing.T) {
	p := Of(cluster(t, "1.35", "1.36", facts.Absent(facts.RoleBindings, facts.Truncated, "")))
	if !slices.ContainsFunc(p.Writes, func(w Write) bool { return w.Name == "system:kube-scheduler" }) {
		t.Error("a ClusterRole is not planned because RoleBindings could not be read")
	}
}

func TestNewKind(t *testing.T) {
	known := facts.APIResources.Of(cluster(t, "1.35", "1.36"))
	s := cluster(t, "1.35", "1.36",
		facts.Present(facts.APIResources, slices.DeleteFunc(slices.Clone(known), func(r facts.APIResource) bool { return r.Resource == "ipaddresses" })),
		facts.Present(facts.IPAddresses, nil))
	for _, w := range Of(s).Writes {
		if want := w.Resource.Resource == "ipaddresses"; w.NewKind != want {
			t.Errorf("%s: new kind %t, want %t", w.Key(), w.NewKind, want)
		}
	}
}

func TestSnapshotStaysAsItIs(t *testing.T) {
	role := rbacv1.ClusterRole{}
	role.Name = "system:kube-scheduler"
	s := cluster(t, "1.35", "1.36", facts.Present(facts.ClusterRoles, []rbacv1.ClusterRole{role}))
	Of(s)
	if got := facts.ClusterRoles.Of(s)[0]; got.Labels != nil || got.Rules != nil {
		t.Errorf("planning changed the snapshot: %+v", got)
	}
}

func BenchmarkOf(b *testing.B) {
	untouched, _ := Untouched("1.35")
	for b.Loop() {
		Of(facts.New(facts.Meta{Target: "1.36"}, untouched...))
	}
}
