package render

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// A Format is one way to write a report. Every format is a view of the same
// report, so that none can say another verdict.
type Format struct {
	// Name is what -o takes.
	Name string
	// For says in a few words who reads it.
	For string
	// Write writes the report; the error is the writer's.
	Write func(io.Writer, preflight.Report, Options) error
}

// Formats are all formats, those for people first.
func Formats() []Format {
	return []Format{
		{"table", "people at a terminal", Table},
		{"wide", "the same with every write, piece of evidence and finding", wide},
		{"markdown", "pull requests and job summaries", Markdown},
		{"html", "a link to send, a phone, paper: one file", HTML},
		{"json", "programs: the whole report, versioned", plain(JSON[preflight.Report])},
		{"yaml", "the same as YAML", plain(YAML)},
		{"junit", "test reports of CI systems", plain(JUnit)},
		{"sarif", "code scanning", plain(SARIF)},
		{"github", "annotations of a GitHub Actions step", plain(GitHub)},
		{"gitlab", "GitLab's code quality report", plain(GitLab)},
		{"prometheus", "node_exporter's textfile collector", plain(Prometheus)},
		{"terraform", "one flat JSON object of strings", plain(Terraform)},
	}
}

// FormatOf returns the format of that name; false if there is none.
func FormatOf(name string) (Format, bool) {
	for _, f := range Formats() {
		if f.Name == name {
			return f, true
		}
	}
	return Format{}, false
}

func wide(w io.Writer, r preflight.Report, o Options) error {
	o.Wide = true
	return Table(w, r, o)
}

// plain is for formats that have no options.
func plain(write func(io.Writer, preflight.Report) error) func(io.Writer, preflight.Report, Options) error {
	return func(w io.Writer, r preflight.Report, _ Options) error { return write(w, r) }
}

// YAML writes what [JSON] does, as YAML.
func YAML(w io.Writer, r preflight.Report) error {
	b, err := yaml.Marshal(r)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

// Parse reads a report that [JSON] or [YAML] wrote, by this version of the tool or
// an earlier one; of a later one, what this version does not know is left out.
func Parse(b []byte) (preflight.Report, error) {
	var r preflight.Report
	if err := yaml.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("it is neither JSON nor YAML of a report: %w", err)
	}
	switch {
	case r.Schema == "":
		return r, fmt.Errorf("it is no report: the field schema is missing; gke-preflight check -o json=FILE writes one")
	case r.Schema != preflight.ReportSchema:
		return r, fmt.Errorf("its schema is %q, and this version reads %q", r.Schema, preflight.ReportSchema)
	case r.Verdict != preflight.Ready && r.Verdict != preflight.NotReady && r.Verdict != preflight.Inconclusive:
		return r, fmt.Errorf("its verdict %q is none of ready, not-ready and inconclusive", r.Verdict)
	}
	return preflight.CleanCopy(completed(r)), nil
}

// indented writes v as JSON that people can read.
func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// manualURL is where the manual stands.
const manualURL = "https://github.com/gke-preflight/gke-preflight/blob/main/docs/"
