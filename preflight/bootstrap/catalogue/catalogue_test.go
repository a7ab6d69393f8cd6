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
		{Version: "1.32.13", Writes: []Write{object("c", "red")}, Resources: []facts.APIResource{resource("things"), resource("others")},
			Earlier: []Minor{{Version: "1.32.2", Writes: []Write{object("a", "red"), object("c", "blue")}, Resources: []facts.APIResource{resource("things")}}}},
	}
	files, err := Encode(minors)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(files["1.32.2.json"]); !strings.Contains(s, "blue") || !strings.Contains(s, "as the difference from 1.32.13") {
		t.Errorf("1.32.2 is not the difference from the newest of its minor:\n%s", s)
	}
	if s := string(files["1.31.json"]); strings.Contains(s, `"name":"a"`) || !strings.Contains(s, "blue") {
		t.Errorf("1.31 holds more or less than its difference:\n%s", s)
	}
	var last Minor
	for _, want := range minors {
		if last, err = last.after(files[want.Line()+".json"]); err != nil {
			t.Fatal(err)
		}
		want.Earlier = nil
		slices.SortFunc(want.Writes, func(a, b Write) int { return strings.Compare(a.key(), b.key()) })
		slices.SortFunc(want.Resources, func(a, b facts.APIResource) int { return strings.Compare(a.Resource, b.Resource) })
		if d := cmp.Diff(want, last, cmp.Transformer("empty", func(r []facts.APIResource) int { return len(r) })); d != "" {
			t.Errorf("%s (- recorded, + read):\n%s", want.Version, d)
		}
	}
}

func TestAround(t *testing.T) {
	m := Minor{Version: "1.32.13", Earlier: []Minor{{Version: "1.32.2"}, {Version: "1.32.9"}}}
	for patch, want := range map[int][2]string{
		-1: {"1.32.13", "1.32.13"},
		0:  {"1.32.2", "1.32.2"},
		2:  {"1.32.2", "1.32.2"},
		5:  {"1.32.2", "1.32.9"},
		9:  {"1.32.9", "1.32.9"},
		12: {"1.32.9", "1.32.13"},
		13: {"1.32.13", "1.32.13"},
		14: {"1.32.13", "1.32.13"},
	} {
		if before, after := m.Around(patch); before.Version != want[0] || after.Version != want[1] {
			t.Errorf("1.32.%d lies between %s and %s, want %v", patch, before.Version, after.Version, want)
		}
	}
}
