package bootstrap

import (
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// TestBeyond plans for the minor after the newest one on record: what every start
// writes, and one update of a ClusterRole, which it may make.
func TestBeyond(t *testing.T) {
	minors := Minors()
	newest, before := minors[len(minors)-1], minors[len(minors)-2]
	v, err := version.Parse(newest)
	if err != nil {
		t.Fatal(err)
	}
	next := version.Version{Major: v.Major, Minor: v.Minor + 1}.Line()
	for _, from := range []string{newest, before} {
		untouched, _ := Untouched(from)
		s := facts.New(facts.Meta{Target: next}, untouched...)
		p := Of(s)
		for _, want := range []string{next, "ends with " + newest, "within 14 days of its .0"} {
			if !strings.Contains(p.Problem, want) {
				t.Errorf("from %s: %q does not say %q", from, p.Problem, want)
			}
		}
		if got := Covered(s); got != newest {
			t.Errorf("from %s the newest step that is covered is %q, want %s", from, got, newest)
		}
		var may []string
		for _, w := range p.Writes {
			if !w.EveryStart {
				may = append(may, describe(w))
			}
			if !w.EveryStart && w.Condition == "" {
				t.Errorf("%s is taken for certain", w.Key())
			}
			if !slices.ContainsFunc(p.Hooks, func(h Hook) bool { return h.Name == w.Hook }) {
				t.Errorf("%s is of no hook", w.Key())
			}
		}
		if len(may) != 1 || !strings.HasPrefix(may[0], "rbac/bootstrap-roles: UPDATE clusterroles") {
			t.Errorf("it may write %q", may)
		}
	}
	untouched, _ := Untouched(newest)
	for target, covered := range map[string]string{"2.0": "", newest: "", "1.29": ""} {
		s := facts.New(facts.Meta{Target: target}, untouched...)
		if got := Covered(s); got != covered {
			t.Errorf("to %s the newest step that is covered is %q", target, got)
		}
		if p := Of(s); target != newest && (p.Problem == "" || p.Hooks != nil) {
			t.Errorf("to %s there is a plan: %q", target, p.Problem)
		}
	}
}

// TestEvents are those by which 1.33 tells of the addresses that it registers.
func TestEvents(t *testing.T) {
	untouched, _ := Untouched("1.32")
	services := facts.Present(facts.Services, []facts.Service{
		{Namespace: "default", Name: "one", Type: "ClusterIP", ClusterIPs: []string{"10.96.0.7"}},
		{Namespace: "shop", Name: "two", Type: "ClusterIP", ClusterIPs: []string{"10.96.0.8", "fd00::8"}},
		{Namespace: "shop", Name: "none", Type: "ClusterIP", ClusterIPs: []string{"None"}},
	})
	addresses := facts.Present(facts.IPAddresses, []facts.IPAddress{
		{Name: "10.96.0.9", Parent: "services/shop/gone", Managed: true},
		{Name: "10.96.0.7", Parent: "services/default/one"},
	})
	p := Of(facts.New(facts.Meta{Target: "1.33"}, untouched...).With(services, addresses))
	var got []string
	for _, w := range p.BestEffort {
		if !w.Background || !w.Sketch || w.User.Name != Loopback.Name {
			t.Errorf("%+v", w)
		}
		reason, _, _ := strings.Cut(w.Object.Object["reason"].(string), "\n")
		got = append(got, w.Key()+" "+reason)
	}
	want := []string{
		"CREATE events.events.k8s.io shop/two.0000000000000000 ClusterIPNotAllocated",
		"UPDATE events.events.k8s.io shop/two.0000000000000000 ClusterIPNotAllocated",
		"CREATE events.events.k8s.io default/10.96.0.9.0000000000000000 IPAddressNotAllocated",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
}
