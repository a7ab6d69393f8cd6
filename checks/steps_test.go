package checks

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode"

	"golang.org/x/net/html"
	"mvdan.cc/sh/v3/syntax"
	"sigs.k8s.io/yaml"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/render"
)

// advised are the findings of all cases of the checks, and of the recordings on which
// what was printed could not be pasted once.
func advised(t *testing.T) []preflight.Finding {
	t.Helper()
	advice.once.Do(func() { advice.findings = find(t) })
	return advice.findings
}

var advice struct {
	once     sync.Once
	findings []preflight.Finding
}

func find(t *testing.T) (fs []preflight.Finding) {
	t.Helper()
	seen := map[string]bool{}
	add := func(rs ...preflight.Result) {
		for _, r := range rs {
			for _, f := range r.Findings {
				if !seen[f.Check+f.Remedy] {
					seen[f.Check+f.Remedy] = true
					fs = append(fs, f)
				}
			}
		}
	}
	for _, c := range All() {
		for _, k := range casesOf(t, c.ID) {
			add(one(k.s, c))
		}
	}
	for _, s := range everyRecording(t) {
		add(preflight.Run(s, All())...)
	}
	return fs
}

// placeholders stand for what only the reader can know.
var placeholders = regexp.MustCompile(`\b(NAME|MEMORY|PATH|PORT|VERSION|RANGE|POOL|OTHERS|MANIFEST|NODE_TAG|PROJECT|NETWORK|TOPIC|START|END|DAYS)\b`)

// TestSteps holds every step to be one sentence with commands that a shell can read
// and a reader can complete, and every finding to say what to do.
func TestSteps(t *testing.T) {
	for _, f := range advised(t) {
		if len(f.Steps) == 0 {
			t.Errorf("%s does not say what to do: %s", f.Check, f.Summary)
		}
		for n, s := range f.Steps {
			if strings.ContainsAny(s.Text, "\n") || strings.HasSuffix(s.Text, ".") || strings.HasSuffix(s.Text, ":") || unicode.IsUpper([]rune(s.Text)[0]) || regexp.MustCompile(`[.] [A-Z]`).MatchString(s.Text) {
				t.Errorf("%s: no sentence as it should be: %q", f.Check, s.Text)
			}
			if n == 0 && s.Or {
				t.Errorf("%s: the first step is no alternative to any: %q", f.Check, s.Text)
			}
			all := ""
			for _, c := range s.Commands {
				all += c.Text + "\n"
				readable(t, f.Check, c)
			}
			for _, name := range placeholders.FindAllString(all, -1) {
				if !slices.ContainsFunc(s.Values, func(v remedy.Value) bool { return v.Name == name }) {
					t.Errorf("%s: what %s stands for is not said: %q", f.Check, name, s.Text)
				}
			}
			for _, v := range s.Values {
				if !strings.Contains(all, v.Name) {
					t.Errorf("%s: %s stands in no command of %q", f.Check, v.Name, s.Text)
				}
				readable(t, f.Check, remedy.Command{Kind: remedy.Shell, Text: v.Command})
			}
		}
	}
}

func readable(t *testing.T, check string, c remedy.Command) {
	t.Helper()
	if c.ForShell() {
		canonical(t, check, c.Paste())
	}
	if c.Kind != remedy.Shell {
		var v any
		if err := yaml.Unmarshal([]byte(c.Text), &v); err != nil {
			t.Errorf("%s: no YAML: %v\n%s", check, err, c.Text)
		}
	}
}

// canonical is the script as a shell reads it, but for how far lines are indented.
func canonical(t *testing.T, where, script string) string {
	t.Helper()
	file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(script), where)
	if err != nil {
		t.Errorf("no shell can read this: %v\n%s", err, script)
		return ""
	}
	syntax.Walk(file, func(n syntax.Node) bool {
		if r, ok := n.(*syntax.Redirect); ok && r.Hdoc != nil {
			t.Errorf("%s: a here-document ends nowhere once it is indented:\n%s", where, script)
		}
		return true
	})
	var b bytes.Buffer
	if err := syntax.NewPrinter(syntax.SingleLine(true)).Print(&b, file); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`\n\s*`).ReplaceAllString(strings.TrimSpace(b.String()), "\n")
}

// formatsWithCommands are those that say what to do, each with how what it says is
// laid out to be copied.
var formatsWithCommands = map[string]func(*testing.T, []byte) []string{
	"table": lines, "wide": lines,
	"markdown": fences,
	"html":     preformatted,
	"junit":    textOfXML,
	"sarif":    textOfSARIF,
	"github":   textOfGitHub,
}

// TestCommandsAsPrinted takes each command of each finding out of each format again,
// as somebody copies it, and has a shell's parser read it: it has to be the command
// that was meant, and no alternative may stand in one block with it.
func TestCommandsAsPrinted(t *testing.T) {
	for _, f := range advised(t) {
		r := preflight.CleanCopy(preflight.Report{Schema: preflight.ReportSchema, Verdict: preflight.NotReady, Findings: []preflight.Finding{f},
			Checks: []preflight.CheckStatus{{ID: f.Check, Title: "t", Status: preflight.Fail}}})
		for name, blocksOf := range formatsWithCommands {
			format, ok := render.FormatOf(name)
			if !ok {
				t.Fatalf("there is no format %s", name)
			}
			if r.Findings[0].Severity = f.Severity; name == "table" {
				r.Findings[0].Severity = preflight.Blocker // of the others it leaves steps out
			}
			var b bytes.Buffer
			if err := format.Write(&b, r, render.Options{Width: 80}); err != nil {
				t.Fatal(err)
			}
			blocks := blocksOf(t, b.Bytes())
			for _, s := range r.Findings[0].Steps {
				for _, c := range s.Commands {
					if c.ForShell() {
						printed(t, f.Check+" in "+name, blocks, c.Paste())
					}
				}
				for _, v := range s.Values {
					if v.Command != "" {
						printed(t, f.Check+" in "+name, blocks, v.Command)
					}
				}
			}
		}
	}
}

// printed looks for lines in one of the blocks that are the command.
func printed(t *testing.T, where string, blocks []string, command string) {
	t.Helper()
	want := canonical(t, where, command)
	for _, block := range blocks {
		ls := strings.Split(block, "\n")
		for from := range ls {
			if !strings.HasPrefix(strings.TrimSpace(ls[from]), strings.Fields(command)[0]) {
				continue
			}
			for to := from + 1; to <= min(len(ls), from+60); to++ {
				file, err := syntax.NewParser(syntax.Variant(syntax.LangPOSIX)).Parse(strings.NewReader(strings.Join(ls[from:to], "\n")), where)
				if err == nil && len(file.Stmts) > 0 && canonical(t, where, strings.Join(ls[from:to], "\n")) == want {
					return
				}
			}
		}
	}
	t.Errorf("%s: can't be copied from what is printed:\n%s\n\nprinted:\n%s", where, command, strings.Join(blocks, "\n-----\n"))
}

// lines are those of a page that may be copied: eight blanks in.
func lines(_ *testing.T, b []byte) (blocks []string) {
	var block []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if strings.HasPrefix(line, "        ") {
			block = append(block, line)
			continue
		}
		if block != nil {
			blocks = append(blocks, strings.Join(block, "\n"))
		}
		block = nil
	}
	return blocks
}

// fences are the blocks of a page of Markdown, of which all that are for a shell have
// to be read by one as a whole.
func fences(t *testing.T, b []byte) (blocks []string) {
	language, block := "", []string(nil)
	for line := range strings.SplitSeq(string(b), "\n") {
		fence, ok := strings.CutPrefix(line, "  ```")
		switch {
		case ok && block == nil:
			language, block = strings.Trim(fence, "`"), []string{}
		case ok:
			if text := strings.Join(block, "\n"); language == "sh" {
				canonical(t, "markdown", text)
				blocks = append(blocks, text)
			}
			block = nil
		case block != nil:
			block = append(block, strings.TrimPrefix(line, "  "))
		}
	}
	return blocks
}

// preformatted are the blocks of an HTML page, of which the same holds.
func preformatted(t *testing.T, b []byte) (blocks []string) {
	page, err := html.Parse(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for n := range page.Descendants() {
		if n.Type != html.ElementNode || n.Data != "pre" || slices.Contains(n.Attr, html.Attribute{Key: "class", Val: "edit"}) {
			continue
		}
		text := ""
		for c := range n.Descendants() {
			if c.Type == html.TextNode {
				text += c.Data
			}
		}
		canonical(t, "html", text)
		blocks = append(blocks, text)
	}
	return blocks
}

func textOfXML(t *testing.T, b []byte) (blocks []string) {
	for d := xml.NewDecoder(bytes.NewReader(b)); ; {
		token, err := d.Token()
		if err == io.EOF {
			return blocks
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok {
			blocks = append(blocks, string(text))
		}
	}
}

func textOfSARIF(t *testing.T, b []byte) (blocks []string) {
	var log struct {
		Runs []struct {
			Results []struct{ Message struct{ Text string } }
		}
	}
	if err := json.Unmarshal(b, &log); err != nil {
		t.Fatal(err)
	}
	for _, r := range log.Runs[0].Results {
		blocks = append(blocks, r.Message.Text)
	}
	return blocks
}

func textOfGitHub(_ *testing.T, b []byte) []string {
	return []string{strings.NewReplacer("%0A", "\n", "%0D", "\r", "%25", "%").Replace(string(b))}
}
