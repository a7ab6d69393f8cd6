package admission

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// GroupOf is the key of a write without its name: verb, resource and namespace.
func GroupOf(write string) string {
	n := strings.LastIndex(write, " ")
	if n < 0 {
		return write
	}
	namespace, _, ok := strings.Cut(write[n+1:], "/")
	if !ok {
		namespace = ""
	}
	return write[:n+1] + namespace
}

// PatchOf returns what a mutating webhook that answered so makes of a write. changed is
// false where it leaves it alone, and where it was not seen to allow any like it; the patch
// is empty where it changes it, and how is not known. A write that was not asked about
// itself is changed as all alike were, if these were changed alike.
func PatchOf(attempts []facts.Attempt, write string) (patch string, changed bool) {
	var itself, alike []facts.Attempt
	for _, a := range attempts {
		switch {
		case a.Answer != facts.Allowed:
		case a.Write == write:
			itself = append(itself, a)
		case GroupOf(a.Write) == GroupOf(write):
			alike = append(alike, a)
		}
	}
	if itself == nil {
		itself = alike
	}
	for n, a := range itself {
		changed = changed || a.Patched
		if n == 0 {
			patch = a.Patch
		}
		if a.Patch != patch {
			patch = ""
		}
	}
	return patch, changed
}

// answersOf are those of mutating webhooks, by whom they are from.
func answersOf(s *facts.Snapshot) map[Culprit][]facts.Attempt {
	all, _ := facts.Attempts.Get(s)
	answers := map[Culprit][]facts.Attempt{}
	for _, a := range all {
		if k := CulpritOf(a); k.Kind == MutatingWebhook {
			answers[k] = append(answers[k], a)
		}
	}
	return answers
}

// patched returns the write as it is once the mutating webhooks have changed it as they
// were seen to. Where one changes it, and how is not known, the request says so.
func (m *Matcher) patched(w bootstrap.Write, after variants, by []Interception) variants {
	changed := variants{}
	for _, r := range after {
		changed = append(changed, m.patch(w, r, by))
	}
	return changed
}

func (m *Matcher) patch(w bootstrap.Write, r *request, by []Interception) *request {
	object := unstructuredOf(r.GetObject())
	unknown, touched := "", false
	for _, i := range by {
		var answers []facts.Attempt
		for _, a := range m.answers[i.Culprit()] {
			if w.Planned().AskedAs(a) {
				answers = append(answers, a)
			}
		}
		patch, changes := PatchOf(answers, w.Planned().Key())
		if !changes || object == nil {
			continue
		}
		next, ok := Patched(object, patch)
		if !ok {
			unknown = cmp.Or(unknown, fmt.Sprintf("an expression reads the object, which %s changes before, and how is not recorded", i.Culprit()))
			continue
		}
		object, touched = next, true
	}
	if !touched && unknown == "" {
		return r
	}
	w.Object = object
	n := newRequest(w, m.objects)
	n.changed = unknown
	return n
}

// Patched returns the object with a JSON Patch applied; false where it does not apply, and
// for none.
func Patched(object *unstructured.Unstructured, patch string) (after *unstructured.Unstructured, ok bool) {
	defer func() {
		if recover() != nil { // the library panics over some patches
			after, ok = nil, false
		}
	}()
	decoded, err := jsonpatch.DecodePatch([]byte(patch))
	if err != nil || len(decoded) == 0 {
		return nil, false
	}
	b, err := json.Marshal(object.Object)
	if err == nil {
		b, err = decoded.Apply(b)
	}
	var o map[string]any
	if err != nil || json.Unmarshal(b, &o) != nil {
		return nil, false
	}
	after, err = normal(o)
	return after, err == nil
}
