package checks

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/render"
	recordings "github.com/gke-preflight/gke-preflight/testdata/recorded"
	"github.com/gke-preflight/gke-preflight/testdata/recorded/cases"
)

// everyRecording are all recordings, by name.
func everyRecording(t *testing.T) map[string]*facts.Snapshot {
	t.Helper()
	zips := map[string][]byte{"incident": recordings.Incident}
	files, err := cases.Recordings.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if zips[f.Name()], err = cases.Recordings.ReadFile(f.Name()); err != nil {
			t.Fatal(err)
		}
	}
	all := map[string]*facts.Snapshot{}
	for name, b := range zips {
		if all[name], err = facts.LoadZip(b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// TestFormatsAgree holds all formats of each recording's report to the same counts,
// culprits and commands: whoever reads one is told what the others are.
func TestFormatsAgree(t *testing.T) {
	for name, s := range everyRecording(t) {
		t.Run(path.Base(name), func(t *testing.T) {
			r := preflight.NewReport(s, preflight.Run(s, All()), forecast.Of(s))
			said := map[string][]byte{}
			for _, f := range render.Formats() {
				var b bytes.Buffer
				if err := f.Write(&b, r, render.Options{Width: 10000}); err != nil {
					t.Fatal(err)
				}
				said[f.Name] = b.Bytes()
			}
			sameCounts(t, r, said)
			sameCulprits(t, r, said)
			sameCommands(t, r, said)
		})
	}
}

type counted struct{ blockers, warnings, undecided int }

func countOf(r preflight.Report) (n counted) {
	for _, f := range r.Findings {
		switch f.Severity {
		case preflight.Blocker:
			n.blockers++
		case preflight.Warning:
			n.warnings++
		case preflight.Info:
		}
	}
	open := map[string]bool{}
	for _, o := range r.Open {
		open[o.Check] = true
	}
	for _, c := range r.Checks {
		if c.Status == preflight.Undecided {
			open[c.ID] = true
		}
	}
	n.undecided = len(open)
	return n
}

func sameCounts(t *testing.T, r preflight.Report, said map[string][]byte) {
	t.Helper()
	want := countOf(r)
	words := fmt.Sprintf("%s, %s, %d undecided", finding.Count(want.blockers, "blocker"), finding.Count(want.warnings, "warning"), want.undecided)
	for _, format := range []string{"table", "wide", "markdown", "html", "github"} {
		if !strings.Contains(textIn(t, format, said[format]), words) {
			t.Errorf("%s does not say %q", format, words)
		}
	}
	for _, format := range []string{"json", "yaml"} {
		if back, err := render.Parse(said[format]); err != nil || countOf(back) != want {
			t.Errorf("%s holds %+v, not %+v: %v", format, countOf(back), want, err)
		}
	}
	var flat map[string]string
	if err := json.Unmarshal(said["terraform"], &flat); err != nil {
		t.Fatal(err)
	}
	got := map[string]counted{
		"terraform":  {number(t, flat["blockers"]), number(t, flat["warnings"]), number(t, flat["undecided"])},
		"prometheus": {sum(t, said, `gke_preflight_findings\{.*severity="blocker"\}`), sum(t, said, `gke_preflight_findings\{.*severity="warning"\}`), sum(t, said, `gke_preflight_undecided\{.*\}`)},
		// This has no place for how many checks are undecided.
		"sarif": {levels(t, said["sarif"])["error"], levels(t, said["sarif"])["warning"], want.undecided},
		// Nor this for warnings, which pass there.
		"junit": {matches(said["junit"], `<failure `), want.warnings, want.undecided},
	}
	for format, n := range got {
		if n != want {
			t.Errorf("%s counts %+v, not %+v", format, n, want)
		}
	}
	issues := counted{matches(said["gitlab"], `"severity": "blocker"`), matches(said["gitlab"], `"severity": "major"`), 0}
	if n := causesOf(r); n != issues {
		t.Errorf("gitlab has %+v, not %+v", issues, n)
	}
}

// causesOf counts things that are wrong, of which an issue in GitLab is one.
func causesOf(r preflight.Report) (n counted) {
	for _, c := range preflight.Causes(r.Findings) {
		switch c.Lead.Severity {
		case preflight.Blocker:
			n.blockers++
		case preflight.Warning:
			n.warnings++
		case preflight.Info:
		}
	}
	return n
}

// sameCulprits looks for who is at fault for what becomes of the replica.
func sameCulprits(t *testing.T, r preflight.Report, said map[string][]byte) {
	t.Helper()
	culprits := map[admission.Culprit]bool{}
	for _, h := range r.Forecast.ControlPlane.Hooks {
		for _, b := range r.Forecast.ControlPlane.AtFault(h) {
			culprits[b.Culprit] = true
		}
	}
	for format := range said {
		if format == "prometheus" { // which has numbers alone
			continue
		}
		text := textIn(t, format, said[format])
		for c := range culprits {
			if !strings.Contains(text, c.Name) || !strings.Contains(text, c.Webhook) {
				t.Errorf("%s does not name %s", format, c)
			}
		}
	}
}

// sameCommands looks for the commands of every finding where every finding is, and for
// those of the first blocker where some are folded. That what is printed can be pasted
// is for [TestCommandsAsPrinted].
func sameCommands(t *testing.T, r preflight.Report, said map[string][]byte) {
	t.Helper()
	for format, blocksOf := range formatsWithCommands {
		text := words(strings.Join(blocksOf(t, said[format]), "\n"))
		shown := r.Findings
		if format == "table" || format == "github" {
			n := slices.IndexFunc(shown, func(f preflight.Finding) bool { return f.Severity == preflight.Blocker })
			shown = shown[max(n, 0):max(n+1, 0)]
		}
		for _, f := range shown {
			for _, s := range f.Steps {
				for _, c := range s.Commands {
					if c.ForShell() && !strings.Contains(text, words(c.Paste())) {
						t.Errorf("%s does not print what %s says to do: %s", format, f.Check, c.Paste())
					}
				}
			}
		}
	}
}

func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// textIn is all that a reader of the format is told, without its markup.
func textIn(t *testing.T, format string, b []byte) string {
	t.Helper()
	switch format {
	case "json", "yaml", "sarif", "gitlab", "terraform":
		var v any
		if err := yaml.Unmarshal(b, &v); err != nil {
			t.Fatal(err)
		}
		return words(strings.Join(stringsIn(v), "\n"))
	case "html":
		page, err := html.Parse(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for n := range page.Descendants() {
			if n.Type == html.TextNode {
				texts = append(texts, n.Data)
			}
		}
		return words(strings.Join(texts, " "))
	case "junit":
		return words(strings.Join(attributesIn(t, b), " "))
	case "github":
		return words(textOfGitHub(t, b)[0])
	case "markdown":
		return words(strings.NewReplacer(`\`, "", "\u200b", "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(string(b)))
	}
	return words(string(b))
}

func stringsIn(v any) (all []string) {
	switch c := v.(type) {
	case string:
		return []string{c}
	case []any:
		for _, e := range c {
			all = append(all, stringsIn(e)...)
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(c)) {
			all = append(all, stringsIn(c[k])...)
		}
	}
	return all
}

func attributesIn(t *testing.T, b []byte) (all []string) {
	t.Helper()
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch c := token.(type) {
		case xml.CharData:
			all = append(all, string(c))
		case xml.StartElement:
			for _, a := range c.Attr {
				all = append(all, a.Value)
			}
		}
	}
}

func matches(b []byte, what string) int { return bytes.Count(b, []byte(what)) }

func sum(t *testing.T, said map[string][]byte, samples string) (n int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^`+samples+` (\S+)$`).FindAllSubmatch(said["prometheus"], -1) {
		n += number(t, string(m[1]))
	}
	return n
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func levels(t *testing.T, b []byte) map[string]int {
	t.Helper()
	var log struct {
		Runs []struct{ Results []struct{ Level string } }
	}
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for _, r := range log.Runs[0].Results {
		n[r.Level]++
	}
	return n
}
