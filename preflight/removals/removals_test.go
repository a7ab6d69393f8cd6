package removals_test

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/kubernetes/scheme"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var origin = regexp.MustCompile(`^k8s\.io/[a-z-]+@v0\.[0-9]+\.[0-9]+/[a-z0-9/]+$`)

// TestRows: each row is whole, and stands once.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, a := range removals.All() {
		if seen[a.String()] {
			t.Errorf("%s stands there twice", a)
		}
		seen[a.String()] = true
		if a.Version == "" || a.Kind == "" || a.Resource == "" || !origin.MatchString(a.Origin) {
			t.Errorf("%s is not whole: %+v", a, a)
		}
		for _, m := range []string{a.Introduced, a.Deprecated, a.Removed, a.Gone} {
			if _, err := version.Parse(m); m != "" && err != nil {
				t.Errorf("%s: %v", a, err)
			}
		}
		if a.Gone != "" && a.Removed == "" {
			t.Errorf("%s is gone and not removed", a)
		}
	}
	if len(seen) < 100 {
		t.Errorf("the table has %d rows only", len(seen))
	}
}

// TestKnown holds rows against what is widely known of them.
func TestKnown(t *testing.T) {
	for _, c := range []struct{ group, version, kind, removed, replacement string }{
		{"extensions", "v1beta1", "Ingress", "1.22", "networking.k8s.io/v1/Ingress"},
		{"apps", "v1beta2", "Deployment", "1.16", "apps/v1/Deployment"},
		{"batch", "v1beta1", "CronJob", "1.25", "batch/v1/CronJob"},
		{"policy", "v1beta1", "PodSecurityPolicy", "1.25", ""},
		{"autoscaling", "v2beta2", "HorizontalPodAutoscaler", "1.26", "autoscaling/v2/HorizontalPodAutoscaler"},
		{"storage.k8s.io", "v1beta1", "CSIStorageCapacity", "1.27", "storage.k8s.io/v1/CSIStorageCapacity"},
		{"apiextensions.k8s.io", "v1beta1", "CustomResourceDefinition", "1.22", "apiextensions.k8s.io/v1/CustomResourceDefinition"},
		{"flowcontrol.apiserver.k8s.io", "v1beta2", "FlowSchema", "1.29", "flowcontrol.apiserver.k8s.io/v1beta3/FlowSchema"},
		{"flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema", "1.32", "flowcontrol.apiserver.k8s.io/v1/FlowSchema"},
		{"networking.k8s.io", "v1beta1", "IPAddress", "1.37", ""},
		{"resource.k8s.io", "v1alpha2", "ResourceClaim", "1.31", ""},
	} {
		a, ok := removals.OfKind(c.group, c.version, c.kind)
		if !ok || a.Removed != c.removed || a.Replacement != c.replacement {
			t.Errorf("%s/%s %s: %v %+v", c.group, c.version, c.kind, ok, a)
		}
		if b, _ := removals.Of(a.Group, a.Version, a.Resource); b != a {
			t.Errorf("%s is not found by its resource", a)
		}
	}
	for _, stable := range []string{"v1", "v2"} {
		if a, ok := removals.OfKind("apps", stable, "Deployment"); ok {
			t.Errorf("the table has %s", a)
		}
	}
}

func TestServedIn(t *testing.T) {
	a := removals.API{Removed: "1.32"}
	for v, want := range map[string]bool{"1.31": true, "1.31.14-gke.100": true, "1.32": false, "1.32.2": false, "1.33": false} {
		parsed, err := version.Parse(v)
		if err != nil || a.ServedIn(parsed) != want {
			t.Errorf("%s: %v, %v", v, !want, err)
		}
	}
}

// TestModulesAtHand holds the table against the types that this program is built
// with: their own methods say the same. What they announce for later minors than
// their own may have changed since.
func TestModulesAtHand(t *testing.T) {
	own, err := version.Parse(catalogue.All()[len(catalogue.All())-1].Line())
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		a, ok := removals.OfKind(gvk.Group, gvk.Version, gvk.Kind)
		if !ok {
			continue
		}
		object := reflect.New(typ).Interface()
		if l, ok := object.(interface{ APILifecycleIntroduced() (int, int) }); ok && minor(l.APILifecycleIntroduced()) != a.Introduced {
			t.Errorf("%s: introduced in %s, not %q", a, minor(l.APILifecycleIntroduced()), a.Introduced)
		}
		if l, ok := object.(interface{ APILifecycleRemoved() (int, int) }); ok {
			compared++
			said := removals.API{Removed: minor(l.APILifecycleRemoved())}
			if said.Removed != a.Removed && !(said.ServedIn(own) && a.ServedIn(own)) {
				t.Errorf("%s: removed in %s, not %q", a, said.Removed, a.Removed)
			}
		}
	}
	if compared < 60 {
		t.Errorf("%d types were compared only", compared)
	}
}

func minor(major, minor int) string { return fmt.Sprintf("%d.%d", major, minor) }

// TestServers holds the table against what real API servers serve by default:
// all that is not stable is in it, and whatever one no longer serves was removed.
func TestServers(t *testing.T) {
	compared := 0
	var before []facts.APIResource
	for _, m := range catalogue.All() {
		v, err := version.Parse(m.Line())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range m.Resources {
			a, ok := removals.Of(r.Group, r.Version, r.Resource)
			switch {
			case ok && (!a.ServedIn(v) || a.Kind != r.Kind || a.Namespaced != r.Namespaced):
				t.Errorf("%s serves %+v, the table has %+v", m.Version, r, a)
			case !ok && strings.ContainsAny(r.Version, "ab") && !strings.Contains(r.Resource, "/"):
				t.Errorf("%s serves %s %s %s, which the table lacks", m.Version, r.Resource, r.Version, r.Group)
			}
		}
		for _, r := range before {
			same := func(n facts.APIResource) bool {
				return n.Group == r.Group && n.Version == r.Version && n.Resource == r.Resource
			}
			if strings.Contains(r.Resource, "/") || slices.ContainsFunc(m.Resources, same) {
				continue
			}
			compared++
			if a, _ := removals.Of(r.Group, r.Version, r.Resource); a.Removed != m.Line() {
				t.Errorf("%s no longer serves %s %s %s, and the table says %q", m.Version, r.Resource, r.Version, r.Group, a.Removed)
			}
		}
		before = m.Resources
	}
	if compared < 2 {
		t.Errorf("%d removals were compared only", compared)
	}
}

func TestCallersGetTheirOwn(t *testing.T) {
	all := removals.All()
	all[0].Kind = "changed"
	if slices.ContainsFunc(removals.All(), func(a removals.API) bool { return a.Kind == "changed" }) {
		t.Error("a caller changed the table")
	}
}
