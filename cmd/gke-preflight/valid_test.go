package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// valid holds one report in every format against the rules of each.
func valid(t *testing.T, all map[string][]byte) {
	t.Helper()
	r, err := render.Parse(all["json"])
	if err != nil {
		t.Fatal(err)
	}
	for format, rule := range map[string]func([]byte, preflight.Report) error{
		"table": asText, "wide": asText, "markdown": asMarkdown, "html": asHTML, "json": asJSON, "junit": asJUnit,
		"sarif": asSARIF, "github": asAnnotations, "gitlab": asCodeQuality, "prometheus": asMetrics, "terraform": asStrings,
		"yaml": func(b []byte, _ preflight.Report) error { return same(b, all["json"]) },
	} {
		if err := errors.Join(rule(all[format], r), namesPages(format, all[format], r)); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// namesPages holds that what counts leads to the page of its check: by its address,
// or in a terminal by the command; in metrics by the label. What GitHub has no room
// for stands in the step's summary, which is the Markdown.
func namesPages(format string, b []byte, r preflight.Report) error {
	var errs []error
	follows := map[string]bool{}
	for _, c := range preflight.Causes(r.Findings) {
		for _, f := range c.Rest {
			follows[f.Fingerprint] = true
		}
		if line := "More: gke-preflight explain " + c.Lead.Check; format == "wide" && !bytes.Contains(b, []byte(line)) {
			errs = append(errs, fmt.Errorf("nothing says to explain %s", c.Lead.Check))
		}
	}
	if format == "table" && len(preflight.Causes(r.Findings)) > 0 && !bytes.Contains(b, []byte("More: gke-preflight explain ")) {
		errs = append(errs, fmt.Errorf("nothing says to explain a check"))
	}
	crowded := bytes.Contains(b, []byte("title=gke-preflight::and "))
	for _, f := range r.Findings {
		leads := preflight.DocsURL(f.Check)
		switch {
		case format == "table", format == "wide":
			leads = f.Check
		case format == "prometheus":
			leads = `check="` + f.Check + `"`
		case f.Docs == "" && (format == "json" || format == "yaml" || format == "terraform"):
			leads = f.Check // a report by the first version
		case format == "github" && (f.Waived || crowded):
			continue
		case (format == "github" || format == "gitlab") && follows[f.Fingerprint]:
			leads = f.Check // the cause's page leads to it
		}
		if !bytes.Contains(b, []byte(leads)) {
			errs = append(errs, fmt.Errorf("%s is not led to by %s", f.Check, leads))
		}
	}
	return errors.Join(errs...)
}

// asText is for terminals and logs: without escapes, and nothing that is not a
// command or a table is wider than the page.
func asText(b []byte, r preflight.Report) error {
	if i := bytes.IndexFunc(b, func(c rune) bool { return c < ' ' && c != '\n' }); i >= 0 {
		return fmt.Errorf("byte %d is a control character", i)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if last := lines[len(lines)-1]; !strings.HasPrefix(last, strings.ToUpper(strings.ReplaceAll(string(r.Verdict), "-", " "))) {
		return fmt.Errorf("the last line is %q", last)
	}
	for n, l := range lines {
		if strings.TrimRight(l, " ") != l {
			return fmt.Errorf("line %d ends in blanks", n+1)
		}
	}
	return nil
}

// asMarkdown is CommonMark with GitHub's tables: one heading of the first level,
// tables that are tables, and no HTML of its own but for what folds.
func asMarkdown(b []byte, _ preflight.Report) error {
	var page bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM)).Convert(b, &page); err != nil {
		return err
	}
	doc, err := html.Parse(&page)
	if err != nil {
		return err
	}
	var errs []error
	headings := 0
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.ElementNode && n.Data == "h1":
			headings++
		case n.Type == html.TextNode && strings.Contains(n.Data, "|--"):
			errs = append(errs, fmt.Errorf("a table is none: %.60q", n.Data))
		case n.Type == html.TextNode && n.Parent.Data != "code" && strings.Contains(n.Data, "```"):
			errs = append(errs, fmt.Errorf("a block of code is none: %.60q", n.Data))
		}
	}
	if headings != 1 {
		errs = append(errs, fmt.Errorf("%d headings of the first level", headings))
	}
	return errors.Join(errs...)
}

// asHTML is one file, closed as it was opened, without script and with no address
// but the manual's.
func asHTML(b []byte, _ preflight.Report) error {
	var errs []error
	var open []string
	ids := map[string]bool{}
	z := html.NewTokenizer(bytes.NewReader(b))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		token := z.Token()
		switch {
		case kind == html.EndTagToken && (len(open) == 0 || open[len(open)-1] != token.Data):
			return fmt.Errorf("</%s> closes %v", token.Data, open)
		case kind == html.EndTagToken:
			open = open[:len(open)-1]
		case kind == html.StartTagToken && !slices.Contains([]string{"meta", "link", "br", "hr", "img", "col"}, token.Data):
			open = append(open, token.Data)
		}
		for _, a := range token.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				errs = append(errs, fmt.Errorf("two elements are called %s", a.Val))
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "src", a.Key == "style", strings.HasPrefix(a.Key, "on"), a.Key == "href" && !slices.ContainsFunc([]string{"#", "data:,", "https://github.com/gke-preflight/gke-preflight/blob/main/docs/"}, func(p string) bool { return strings.HasPrefix(a.Val, p) }):
				errs = append(errs, fmt.Errorf("<%s %s=%q>", token.Data, a.Key, a.Val))
			}
		}
		if token.Data == "script" {
			errs = append(errs, errors.New("there is a script"))
		}
	}
	if len(open) > 0 || z.Err() != io.EOF {
		errs = append(errs, fmt.Errorf("%v stay open: %w", open, z.Err()))
	}
	return errors.Join(errs...)
}

// asJSON is what the published schema says.
func asJSON(b []byte, _ preflight.Report) error {
	published, err := os.ReadFile("docs/report.schema.json")
	if err != nil {
		return err
	}
	return conforms(published, b)
}

func conforms(schema, b []byte) error {
	var s jsonschema.Schema
	if err := json.Unmarshal(schema, &s); err != nil {
		return err
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		return err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return resolved.Validate(v)
}

// same holds that YAML says what the JSON does.
func same(y, j []byte) error {
	var a, b any
	if err := errors.Join(yaml.UnmarshalStrict(y, &a), json.Unmarshal(j, &b)); err != nil {
		return err
	}
	if d := cmp.Diff(b, a); d != "" {
		return errors.New(d)
	}
	return nil
}

// codeQuality is what GitLab's documentation of its code quality report asks for.
const codeQuality = `{"type": "array", "items": {
  "type": "object",
  "required": ["description", "check_name", "fingerprint", "severity", "location"],
  "properties": {
    "description": {"type": "string", "minLength": 1},
    "check_name": {"type": "string", "minLength": 1},
    "fingerprint": {"type": "string", "minLength": 1},
    "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
    "location": {
      "type": "object", "required": ["path", "lines"],
      "properties": {
        "path": {"type": "string", "pattern": "^[^./]"},
        "lines": {"type": "object", "required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}}
      }
    }
  }
}}`

// asMetrics is what Prometheus parses and its linter finds nothing in, with a
// sample for every check.
func asMetrics(b []byte, r preflight.Report) error {
	problems, err := promlint.New(bytes.NewReader(b)).Lint()
	errs := []error{err}
	for _, p := range problems {
		errs = append(errs, fmt.Errorf("%s: %s", p.Metric, p.Text))
	}
	for _, c := range r.Checks {
		if !bytes.Contains(b, []byte(`check="`+c.ID+`"`)) {
			errs = append(errs, fmt.Errorf("no sample for %s", c.ID))
		}
	}
	return errors.Join(errs...)
}

// asStrings is one flat object of strings, all that Terraform reads.
func asStrings(b []byte, r preflight.Report) error {
	var flat map[string]string
	if err := json.Unmarshal(b, &flat); err != nil {
		return err
	}
	whole, err := render.Parse([]byte(flat["json"]))
	if err == nil && (flat["verdict"] != string(r.Verdict) || whole.Verdict != r.Verdict || flat["ready"] != fmt.Sprint(r.Verdict == preflight.Ready)) {
		err = fmt.Errorf("it says %s, ready %s", flat["verdict"], flat["ready"])
	}
	return err
}
