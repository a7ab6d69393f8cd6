package render

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/preflight"
)

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, incident()); err != nil {
		t.Fatal(err)
	}
	golden(t, "incident.json", b.Bytes())
	var back preflight.Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := JSON(&again, back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(b.String(), again.String()); d != "" {
		t.Errorf("read back and written again it differs:\n%s", d)
	}
}

// TestJSONNames holds the names that other programs rely on.
func TestJSONNames(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, incident()); err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b.Bytes(), &v); err != nil {
		t.Fatal(err)
	}
	for _, path := range [][]any{
		{"schema"}, {"verdict"}, {"cluster", "name"}, {"cluster", "location"}, {"cluster", "project"}, {"cluster", "version"}, {"targetVersion"},
		{"forecast", "controlPlane", "outcome"}, {"forecast", "controlPlane", "hooks", 0, "name"}, {"forecast", "controlPlane", "hooks", 0, "outcome"},
		{"forecast", "controlPlane", "hooks", 0, "fatal"}, {"forecast", "controlPlane", "hooks", 0, "deadlineSeconds"},
		{"forecast", "controlPlane", "hooks", 0, "writes", 0, "verb"}, {"forecast", "controlPlane", "hooks", 0, "writes", 0, "resource"},
		{"forecast", "controlPlane", "hooks", 0, "writes", 0, "name"}, {"forecast", "controlPlane", "hooks", 0, "writes", 0, "interceptedBy", 0, "kind"},
		{"forecast", "controlPlane", "hooks", 0, "writes", 0, "interceptedBy", 0, "name"}, {"forecast", "controlPlane", "hooks", 0, "writes", 0, "interceptedBy", 0, "webhook"},
		{"forecast", "controlPlane", "hooks", 0, "writes", 0, "interceptedBy", 0, "answer"}, {"forecast", "controlPlane", "hooks", 0, "writes", 0, "interceptedBy", 0, "ms"},
		{"checks", 0, "id"}, {"checks", 0, "name"}, {"checks", 0, "status"},
		{"findings", 0, "check"}, {"findings", 0, "severity"}, {"findings", 0, "subject", "kind"}, {"findings", 0, "subject", "name"}, {"findings", 0, "subject", "webhook"},
		{"findings", 0, "summary"}, {"findings", 0, "evidence", 0, "value"}, {"findings", 0, "remedy"}, {"findings", 0, "fingerprint"}, {"findings", 0, "waived"},
		{"facts", 0, "id"}, {"facts", 0, "present"},
	} {
		at := v
		for _, step := range path {
			switch s := step.(type) {
			case string:
				m, _ := at.(map[string]any)
				at = m[s]
			case int:
				l, _ := at.([]any)
				at = nil
				if s < len(l) {
					at = l[s]
				}
			}
		}
		if at == nil {
			t.Errorf("%v is missing", path)
		}
	}
}
