package render

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// What a run was told to leave alone is told of in every format: where it is not, whoever
// reads that one takes it for looked at.
func TestSkippedIsListed(t *testing.T) {
	r := preflight.Report{Schema: preflight.ReportSchema, Verdict: preflight.Inconclusive,
		Checks: []preflight.CheckStatus{{ID: "GP401", Name: "x", Status: preflight.NotApplicable, Reason: "skipped by --skip GP4"}},
		Skipped: []preflight.Skipped{
			{Check: "GP401", Severity: preflight.Blocker, By: "--skip GP4"},
			{Check: "GP101", Subject: preflight.Subject{Kind: "Pod", Namespace: "a", Name: "b"}, Summary: "pod a/b hangs", By: "--skip namespace/a"},
			{Check: "GP402", By: "--skip GP4", Waived: true, Waiver: &preflight.Waiver{By: "policy.yaml:4", Reason: "known"}},
		},
	}
	says := map[string]string{"prometheus": `gke_preflight_skipped{project="",location="",cluster=""} 2`, "github": "3 skipped"}
	for _, f := range Formats() {
		want := says[f.Name]
		if want == "" {
			want = "--skip GP4"
		}
		var b bytes.Buffer
		if err := f.Write(&b, r, Options{}); err != nil {
			t.Fatal(err)
		}
		text := b.String()
		if !strings.Contains(text, want) {
			t.Errorf("%s does not say %s:\n%s", f.Name, want, text)
		}
		if strings.Contains(text, "waived: waived") {
			t.Errorf("%s says it twice:\n%s", f.Name, text)
		}
	}
}
