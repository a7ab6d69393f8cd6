package catalogue

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestFilesAreAsGenerated: what is committed is what the generator would write
// of the same content, so that nothing was edited by hand.
func TestFilesAreAsGenerated(t *testing.T) {
	files, err := Encode(All())
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range files {
		want, err := data.ReadFile("data/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s (- committed, + generated):\n%s", name, d)
		}
	}
}

func TestEveryMinorIsWhole(t *testing.T) {
	for _, m := range All() {
		if len(m.Writes) < 180 || len(m.Resources) < 100 {
			t.Errorf("%s: %d writes, %d resources", m.Version, len(m.Writes), len(m.Resources))
		}
		kinds := map[string]bool{}
		for _, r := range m.Resources {
			kinds[r.Group+"/"+r.Version+" "+r.Kind] = true
		}
		for _, w := range m.Writes {
			kind := w.Object.GroupVersionKind()
			if !kinds[kind.Group+"/"+kind.Version+" "+kind.Kind] {
				t.Errorf("%s: writes a %s, which it does not serve", m.Version, kind)
			}
		}
	}
}

func TestDifference(t *testing.T) {
	object := func(name, color string) Write {
		return Write{Hook: "h", Verb: "CREATE", Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Thing", "metadata": map[string]any{"name": name}, "color": color,
		}}}
	}
	resource := func(name string) facts.APIResource { return facts.APIResource{Version: "v1", Resource: name} }
	minors := []Minor{
		{Version: "1.30.4", Writes: []Write{object("b", "red"), object("a", "red")}, Resources: []facts.APIResource{resource("things")}},
		{Version: "1.31.0", Writes: []Write{object("a", "red"), object("b", "blue"), object("c", "red")}},
		{Version: "1.32.2", Writes: []Write{object("c", "red")}, Resources: []facts.APIResource{resource("things"), resource("others")}},
	}
	files, err := Encode(minors)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(files["1.31.yaml"]); strings.Contains(s, `"name":"a"`) || !strings.Contains(s, "blue") {
		t.Errorf("1.31 holds more or less than its difference:\n%s", s)
	}
	var last Minor
	for _, want := range minors {
		if last, err = last.after(files[want.Line()+".yaml"]); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want.Writes, func(a, b Write) int { return strings.Compare(a.key(), b.key()) })
		slices.SortFunc(want.Resources, func(a, b facts.APIResource) int { return strings.Compare(a.Resource, b.Resource) })
		if d := cmp.Diff(want, last, cmp.Transformer("empty", func(r []facts.APIResource) int { return len(r) })); d != "" {
			t.Errorf("%s (- recorded, + read):\n%s", want.Version, d)
		}
	}
}
