package admission_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/admission/admissiontest"
)

func cases(t testing.TB) []admissiontest.Case {
	t.Helper()
	cs, err := admissiontest.Load(os.DirFS("testdata"))
	if err != nil {
		t.Fatal(err)
	}
	if len(cs) == 0 {
		t.Fatal("testdata holds no case")
	}
	return cs
}

func TestCases(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			if len(c.Writes) == 0 {
				t.Fatal("the case has no writes")
			}
			for _, w := range c.Writes {
				if diff := cmp.Diff(w.Want, lines(c, w)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", w.Key(), diff)
				}
			}
		})
	}
}

func lines(c admissiontest.Case, w admissiontest.Write) []string {
	var got []string
	for _, i := range admission.Match(c.Snapshot, w.Write) {
		got = append(got, admissiontest.Line(w.Write, i))
	}
	return got
}
