package manifest

import (
	"os"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/manifest/manifesttest"
)

// TestRefusals: what the API server refuses is refused, for the same fields. That it
// does so is tested on one, in testdata/controlplane/manifest.
func TestRefusals(t *testing.T) {
	s := untouched(t)
	table, err := os.ReadFile("testdata/refused.yaml")
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for _, r := range manifesttest.Refusals(t, table) {
		var got []string
		for _, e := range refusal(t, s, r.Object) {
			got = append(got, e.Field)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, r.Fields) {
			t.Errorf("%s: refused for %v, want %v", r.Name, got, r.Fields)
		}
		if len(got) > 0 {
			refused++
		}
	}
	if refused < 90 {
		t.Errorf("%d are refused: that proves little", refused)
	}
}

func refusal(t *testing.T, s *facts.Snapshot, object []byte) field.ErrorList {
	t.Helper()
	m, err := Read("f.json", object)
	if err != nil {
		t.Fatal(err)
	}
	o, v := m.objects[0], newValidator(s)
	switch o.Kind {
	case "ValidatingWebhookConfiguration":
		return refusedBy(t, v, o, validateValidatingWebhooks)
	case "MutatingWebhookConfiguration":
		return refusedBy(t, v, o, validateMutatingWebhooks)
	case "ValidatingAdmissionPolicy":
		return refusedBy(t, v, o, validateValidatingPolicy)
	case "ValidatingAdmissionPolicyBinding":
		return refusedBy(t, v, o, validateValidatingBinding)
	case "MutatingAdmissionPolicy":
		return refusedBy(t, v, o, validateMutatingPolicy)
	case "MutatingAdmissionPolicyBinding":
		return refusedBy(t, v, o, validateMutatingBinding)
	}
	t.Fatalf("the table has a %s", o.Kind)
	return nil
}

func refusedBy[T any](t *testing.T, v *validator, o object, validate func(*validator, *T) field.ErrorList) field.ErrorList {
	t.Helper()
	value, err := strict[T](o)
	if err != nil {
		t.Fatal(err)
	}
	admitted(any(value).(metav1.Object))
	return validate(v, value)
}

// TestNewExpressions: an expression may use no more than the minor before the one
// that runs knew already, as the API server has it.
func TestNewExpressions(t *testing.T) {
	uses := strings.Replace(policy, `"true"`, `"isSemver('1.0.0')"`, 1)
	if _, _, err := apply(untouched(t), uses); err != nil {
		t.Errorf("1.35 refuses it: %v", err)
	}
	old := untouched(t).With(facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.30.14"}))
	if _, _, err := apply(old, uses); err == nil || !strings.Contains(err.Error(), "isSemver") {
		t.Errorf("1.30 takes it, or says: %v", err)
	}
}
