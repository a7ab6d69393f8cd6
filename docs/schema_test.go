package docs_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
)

// schemaOf is the schema of the report as programs may rely on it: fields that are
// there stay, and more may come.
func schemaOf(t *testing.T) *jsonschema.Schema {
	t.Helper()
	severity := &jsonschema.Schema{Type: "string", Enum: []any{"info", "warning", "blocker"}}
	s, err := jsonschema.For[preflight.Report](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[preflight.Severity](): severity}})
	if err != nil {
		t.Fatal(err)
	}
	grows(s)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", preflight.ReportSchema
	s.Properties["schema"].Const = jsonschema.Ptr[any](preflight.ReportSchema)
	s.Properties["verdict"].Enum = []any{preflight.Ready, preflight.NotReady, preflight.Inconclusive}
	// Reports by the first version of the schema have no lifelines, and are valid.
	f := s.Properties["forecast"]
	f.Required = slices.DeleteFunc(f.Required, func(name string) bool { return name == "lifelines" })
	return s
}

// grows lets every object of s have more fields than are known today.
func grows(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties != nil {
		s.AdditionalProperties = nil
	}
	for _, p := range s.Properties {
		grows(p)
	}
	grows(s.Items)
	grows(s.AdditionalProperties)
}

func TestReportSchema(t *testing.T) { stored(t, "report.schema.json", schemaOf(t)) }

func TestFleetSchema(t *testing.T) {
	severity := &jsonschema.Schema{Type: "string", Enum: []any{"info", "warning", "blocker"}}
	s, err := jsonschema.For[fleet.Report](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[preflight.Severity](): severity}})
	if err != nil {
		t.Fatal(err)
	}
	grows(s)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", fleet.Schema
	s.Properties["schema"].Const = jsonschema.Ptr[any](fleet.Schema)
	stored(t, "fleet.schema.json", s)
}

// stored requires that a file of docs holds the schema.
func stored(t *testing.T, file string, s *jsonschema.Schema) {
	t.Helper()
	want, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want = append(want, '\n')
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s is not that of the report, -update writes it:\n%s", file, d)
	}
}

// Reports as they are written, and one that an earlier version wrote, are valid.
func TestReportsAreValid(t *testing.T) {
	schema, err := schemaOf(t).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../preflight/render/testdata/*.json")
	if err != nil || len(files) < 2 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var report any
		if err := json.Unmarshal(b, &report); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(report); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		delete(report.(map[string]any), "verdict")
		if schema.Validate(report) == nil {
			t.Errorf("%s is valid without a verdict", file)
		}
	}
}
