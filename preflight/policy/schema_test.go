package policy_test

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v3"

	catalogue "github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
)

var update = flag.Bool("update", false, "write docs/policy.schema.json")

// The schema that editors use is that of this reader and of these checks.
func TestSchemaFile(t *testing.T) {
	const file = "../../docs/policy.schema.json"
	want, err := json.MarshalIndent(schemaOf(t, catalogue.All()), "", " ")
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
		t.Errorf("it is another one, make pages writes it:\n%s", d)
	}
}

// beyondSchema are mistakes that no schema sees, by what the reader says of them.
var beyondSchema = regexp.MustCompile(`it is no YAML|more follows after|it stands here and in line|is an alias|days away`)

// An editor accepts what the reader reads, and underlines what it refuses.
func TestSchemaAgrees(t *testing.T) {
	valid := validator(t, checks)
	for name, text := range map[string]string{"whole": whole, "empty": head, "nulls": head + "severities:\nthresholds: ~\nwaivers: []\n"} {
		if err := agrees(valid, checks, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	refused := 0
	for name, m := range mistakes {
		if err := agrees(valid, checks, m.given); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !beyondSchema.MatchString(m.want[0]) {
			refused++
		}
	}
	if refused < 30 {
		t.Errorf("only %d mistakes are for the schema to see", refused)
	}
}

// Each field that is left out, or is null, counts for both, or for neither.
func TestSchemaRequires(t *testing.T) {
	valid := validator(t, checks)
	for n, line := range strings.Split(whole, "\n") {
		lines := strings.Split(whole, "\n")
		field := regexp.MustCompile(`^[- ]*(\w+):.`).FindString(line)
		if field == "" {
			continue
		}
		lines[n] = field[:len(field)-1]
		if err := agrees(valid, checks, strings.Join(lines, "\n")); err != nil {
			t.Errorf("null: %v", err)
		}
		lines[n] = strings.Replace(field, strings.Trim(field, "- :"), "zzz", 1) + " x"
		if err := agrees(valid, checks, strings.Join(lines, "\n")); err != nil {
			t.Errorf("another field in its place: %v", err)
		}
	}
}

// Policies in the manual and in tests are to an editor what they are to the program.
func TestSchemaOfFiles(t *testing.T) {
	var texts []string
	files := []string{"../../testdata/manual/policy.yaml", "../../testdata/reports/waivers.yaml"}
	for _, pattern := range []string{"../../docs/*.md", "../../testdata/script/*.txtar"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, more...)
	}
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		switch filepath.Ext(file) {
		case ".yaml":
			texts = append(texts, string(b))
		case ".md":
			for _, m := range block.FindAllStringSubmatch(string(b), -1) {
				texts = append(texts, m[1])
			}
		case ".txtar":
			for _, f := range txtar.Parse(b).Files {
				texts = append(texts, string(f.Data))
			}
		}
	}
	texts = slices.DeleteFunc(texts, func(s string) bool { return !strings.Contains(s, "\nkind: Policy\n") })
	if len(texts) < 6 {
		t.Fatalf("only %d policies", len(texts))
	}
	valid := validator(t, catalogue.All())
	for _, text := range texts {
		if err := agrees(valid, catalogue.All(), text); err != nil {
			t.Error(err)
		}
	}
}

// validator says what a schema, as it is written, says of a document.
func validator(t *testing.T, checks []preflight.Check) func(document any) error {
	t.Helper()
	b, err := json.Marshal(schemaOf(t, checks))
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r.Validate
}

// agrees returns an error if the reader and the schema differ on a policy.
func agrees(valid func(any) error, checks []preflight.Check, text string) error {
	_, refused := policy.Parse("policy.yaml", []byte(text), checks, day)
	if refused != nil && beyondSchema.MatchString(refused.Error()) {
		return nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	document, err := plain(&doc)
	if err != nil {
		return err
	}
	if says := valid(document); (says == nil) != (refused == nil) {
		return errors.Join(errors.New("the reader and the schema differ on:\n"+text), refused, says)
	}
	return nil
}

// plain is what an editor hands to a schema: a day is text.
func plain(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.DocumentNode:
		return plain(n.Content[0])
	case yaml.MappingNode:
		m := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := plain(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			m[n.Content[i].Value] = v
		}
		return m, nil
	case yaml.SequenceNode:
		list := []any{}
		for _, c := range n.Content {
			v, err := plain(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.ScalarNode:
		if n.Tag == "!!timestamp" {
			return n.Value, nil
		}
		var v any
		err := n.Decode(&v)
		return v, err
	}
	return nil, nil
}
