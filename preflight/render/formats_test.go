package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/joshdk/go-junit"
	sarif "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"golang.org/x/net/html"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// hostile is a cluster whose strings try to be more than text.
func hostile() preflight.Report {
	r := incident()
	evil := "a|b `c` ``` <script>alert(1)</script> ::error::x\n::warning::y @org/team %0A \x1b[31m \u202e ]] &amp; [x](javascript:alert(1)) ]]> ${jndi} \"'\\"
	r.Cluster.Name = evil
	for n := range r.Findings {
		r.Findings[n].Summary += evil
		r.Findings[n].Subject.Name = evil
		r.Findings[n].Steps = remedy.Do(evil, remedy.Sh("kubectl get %s", evil), remedy.YAML("a: %s", evil), remedy.Apply("kind: %s", evil)).
			Or(evil, remedy.Sh("kubectl get VALUE")).Where("VALUE", evil, remedy.Sh("kubectl describe %s", evil))
		r.Findings[n].Evidence = []preflight.Evidence{{Value: evil, Note: evil}}
	}
	r.Open = append(r.Open, preflight.OpenQuestion{Check: "GP101", Severity: preflight.Blocker, Subject: preflight.Subject{Kind: evil, Name: evil}, Reason: evil})
	r.Forecast.ControlPlane.Hooks[0].Name = evil
	return preflight.CleanCopy(remedied(r))
}

func reports() map[string]preflight.Report {
	waived := incident()
	waived.Findings[0].Waived = true
	all := map[string]preflight.Report{"incident": incident(), "all-clear": base(), "inconclusive": inconclusive(), "waived": waived, "hostile": hostile()}
	for _, r := range all {
		for n := range r.Findings {
			r.Findings[n].Fingerprint = fmt.Sprintf("%016x", n+1)
		}
	}
	return all
}

func written(t *testing.T, format string, r preflight.Report) []byte {
	t.Helper()
	f, ok := FormatOf(format)
	if !ok {
		t.Fatalf("there is no format %s", format)
	}
	var b bytes.Buffer
	if err := f.Write(&b, r, Options{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFormats(t *testing.T) {
	extensions := map[string]string{"markdown": "md", "html": "html", "yaml": "yaml", "junit": "junit.xml", "sarif": "sarif", "github": "github", "gitlab": "gitlab.json", "prometheus": "prom", "terraform": "terraform.json"}
	for format, extension := range extensions {
		for _, name := range []string{"incident", "all-clear", "inconclusive"} {
			golden(t, "formats/"+name+"."+extension, written(t, format, reports()[name]))
		}
	}
}

// Every format takes every report, and an error of the writer is not lost.
func TestEveryFormatWritesEveryReport(t *testing.T) {
	for _, f := range Formats() {
		for name, r := range reports() {
			if len(written(t, f.Name, r)) == 0 {
				t.Errorf("%s of %s is empty", f.Name, name)
			}
		}
		if f.Write(diskFull{}, incident(), Options{}) == nil {
			t.Errorf("%s loses the writer's error", f.Name)
		}
	}
}

// A report that an earlier version stored is shown by this one, in every format.
func TestStoredReport(t *testing.T) {
	stored, err := os.ReadFile("testdata/report-v1.json")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Parse(stored)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != preflight.NotReady || len(r.Findings) == 0 {
		t.Errorf("it says %s with %d findings", r.Verdict, len(r.Findings))
	}
	for _, field := range []string{"lifelines", "timeline", "policy", "baseline", "docs"} {
		if bytes.Contains(stored, []byte(`"`+field+`"`)) {
			t.Errorf("report-v1.json is by the first version, which knew no %s", field)
		}
	}
	for _, f := range Formats() {
		written(t, f.Name, r)
	}
	for _, format := range []string{"json", "yaml"} {
		back, err := Parse(written(t, format, r))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(written(t, "json", r), written(t, "json", back)); d != "" {
			t.Errorf("read back from %s it differs:\n%s", format, d)
		}
	}
	grown := bytes.Replace(stored, []byte(`"verdict"`), []byte(`"ofALaterVersion": {"x": [1]}, "verdict"`), 1)
	if _, err := Parse(grown); err != nil {
		t.Errorf("a field of a later version: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	for given, want := range map[string]string{
		"{": "neither JSON nor YAML", "[]": "neither JSON nor YAML", "{}": "the field schema is missing",
		`{"schema": "gke-preflight/report/v2"}`:                    "this version reads",
		`{"schema": "gke-preflight/report/v1", "verdict": "fine"}`: "none of ready",
	} {
		if _, err := Parse([]byte(given)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", given, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"schema": "gke-preflight/report/v1", "verdict": "ready"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			return
		}
		for _, format := range Formats() {
			_ = format.Write(&bytes.Buffer{}, r, Options{})
		}
	})
}

func TestJUnitIsReadAsMeant(t *testing.T) {
	for name, r := range reports() {
		suites, err := junit.Ingest(written(t, "junit", r))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := map[junit.Status]int{}
		for _, c := range suites[0].Tests {
			got[c.Status]++
		}
		n := count(r)
		if got[junit.StatusFailed] != n.blockers {
			t.Errorf("%s: %d failures, want the %d blockers", name, got[junit.StatusFailed], n.blockers)
		}
		if (got[junit.StatusError] > 0) != (n.undecided > 0) {
			t.Errorf("%s: %d errors, and %d checks are undecided", name, got[junit.StatusError], n.undecided)
		}
		if n.waived > 0 && got[junit.StatusSkipped] == 0 {
			t.Errorf("%s: what is waived is not skipped", name)
		}
	}
}

func TestSARIFIsValid(t *testing.T) {
	for name, r := range reports() {
		b := written(t, "sarif", r)
		log, err := sarif.FromBytes(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		// The library reads fields that are not there as empty, which they may not be.
		run := log.Runs[0]
		run.Language, run.Tool.Driver.Language, run.NewlineSequences = "en", "en", []string{"\n"}
		if err := log.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, res := range log.Runs[0].Results {
			uri := *res.Locations[0].PhysicalLocation.ArtifactLocation.URI
			if !regexp.MustCompile(`^clusters/[^/:][^:]*\.yaml$`).MatchString(uri) || strings.Contains(uri, "..") {
				t.Errorf("%s: %q is no path below a repository", name, uri)
			}
		}
	}
}

func TestPrometheusHasEveryCheck(t *testing.T) {
	for name, r := range reports() {
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(written(t, "prometheus", r)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		seen := map[string]bool{}
		for _, m := range families["gke_preflight_findings"].GetMetric() {
			for _, l := range m.GetLabel() {
				seen[l.GetName()+l.GetValue()] = true
			}
		}
		for _, c := range r.Checks {
			if !seen["check"+c.ID] {
				t.Errorf("%s: no sample for %s", name, c.ID)
			}
		}
	}
}

// Nothing from the cluster ends a workflow command or begins one, and no kind has
// more annotations than GitHub shows.
func TestGitHubCommands(t *testing.T) {
	many := incident()
	for range 30 {
		many.Findings = append(many.Findings, notAnswering())
	}
	command := regexp.MustCompile(`^::(error|warning|notice) title=[^:,]*::[^\r\n]*$`)
	for name, r := range map[string]preflight.Report{"hostile": hostile(), "many": many, "inconclusive": inconclusive()} {
		kinds := map[string]int{}
		for line := range strings.Lines(string(written(t, "github", r))) {
			m := command.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Errorf("%s: %q is no command", name, line)
				continue
			}
			kinds[m[1]]++
		}
		for kind, n := range kinds {
			if n > annotationsPerKind {
				t.Errorf("%s: %d of %s", name, n, kind)
			}
		}
	}
}

func TestTerraformIsFlat(t *testing.T) {
	for name, r := range reports() {
		var flat map[string]string
		if err := json.Unmarshal(written(t, "terraform", r), &flat); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if flat["ready"] != fmt.Sprint(r.Verdict == preflight.Ready) || flat["verdict"] != string(r.Verdict) {
			t.Errorf("%s: ready %s, verdict %s", name, flat["ready"], flat["verdict"])
		}
		if _, err := Parse([]byte(flat["json"])); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGitLabSeverities(t *testing.T) {
	for name, r := range reports() {
		var issues []map[string]any
		if err := json.Unmarshal(written(t, "gitlab", r), &issues); err != nil {
			t.Fatal(err)
		}
		for _, i := range issues {
			if i["description"] == "" || i["fingerprint"] == "" || !slices.Contains([]string{"info", "minor", "major", "critical", "blocker"}, i["severity"].(string)) {
				t.Errorf("%s: %v", name, i)
			}
		}
	}
}

// As GitHub renders it, what comes from the cluster is text: no element, link or
// mention that the report did not mean.
func TestMarkdownStaysText(t *testing.T) {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM))
	var page bytes.Buffer
	if err := md.Convert(written(t, "markdown", hostile()), &page); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&page)
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		switch {
		case n.Type == html.ElementNode && slices.Contains([]string{"script", "img", "iframe"}, n.Data):
			t.Errorf("an element %s", n.Data)
		case n.Type == html.ElementNode && n.Data == "a" && !strings.HasPrefix(n.Attr[0].Val, "https://github.com/gke-preflight/"):
			t.Errorf("a link to %s", n.Attr[0].Val)
		case n.Type == html.TextNode && strings.Contains(n.Data, "@org") && n.Parent.Data != "code":
			t.Errorf("a mention in %q", n.Data)
		}
	}
}
