package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// poisoned is a report in which every text tries to be more than text.
func poisoned() preflight.Report {
	r := incident()
	r.Open = inconclusive().Open
	r.Findings[1].Waived = true
	poison(reflect.ValueOf(&r).Elem(), `"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</style></title>javascript:alert(1)`)
	r.Schema = preflight.ReportSchema
	return preflight.CleanCopy(r)
}

// poison puts evil at the end of all that is a string and no enumeration.
func poison(v reflect.Value, evil string) {
	switch v.Kind() {
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() {
			v.SetString(v.String() + evil)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), evil)
		}
	case reflect.Struct:
		for n := range v.NumField() {
			if v.Field(n).CanSet() {
				poison(v.Field(n), evil)
			}
		}
	case reflect.Slice:
		for n := range v.Len() {
			poison(v.Index(n), evil)
		}
	}
}

func parsed(t *testing.T, r preflight.Report) (doc *html.Node, text string) {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(written(t, "html", r)))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	}
	return doc, b.String()
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

var elements = []string{
	"html", "head", "meta", "link", "title", "style", "body", "main", "header", "nav", "footer", "section", "article", "div", "span", "p", "a", "b", "strong", "small", "pre",
	"h1", "h2", "h3", "ul", "ol", "li", "details", "summary", "table", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "dl", "dt", "dd", "svg", "rect", "line", "text",
}

// The page holds no element, attribute or address that the templates did not mean,
// whatever the cluster calls its objects, and asks nobody for anything.
func TestHTMLIsInert(t *testing.T) {
	all := reports()
	all["poisoned"], all["long names"], all["crowd"] = poisoned(), longNames(), crowd()
	for name, r := range all {
		doc, _ := parsed(t, r)
		ids := map[string]bool{}
		for n := range doc.Descendants() {
			ids["#"+attribute(n, "id")] = true
		}
		for n := range doc.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if !slices.Contains(elements, n.Data) {
				t.Errorf("%s: an element %s", name, n.Data)
			}
			for _, a := range n.Attr {
				href := n.Data == "a" && a.Key == "href" && (strings.HasPrefix(a.Val, manualURL) || ids[a.Val])
				icon := n.Data == "link" && a.Key == "href" && a.Val == "data:,"
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "style", a.Key == "src", a.Key == "href" && !href && !icon, a.Key != "href" && strings.Contains(a.Val, ":") && a.Key != "content":
					t.Errorf("%s: %s %s=%q", name, n.Data, a.Key, a.Val)
				}
			}
		}
	}
	if _, text := parsed(t, poisoned()); strings.Count(text, "<script>alert(1)</script>") < 50 {
		t.Error("what was poisoned does not show")
	}
}

// The page's policy admits its own style, and nothing else.
func TestHTMLPolicy(t *testing.T) {
	doc, _ := parsed(t, incident())
	var policy, style string
	for n := range doc.Descendants() {
		switch {
		case n.Data == "meta" && attribute(n, "http-equiv") == "Content-Security-Policy":
			policy = attribute(n, "content")
		case n.Data == "style":
			style = n.FirstChild.Data
		}
	}
	digest := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("the policy is %s, want %s", policy, want)
	}
	for _, outside := range []string{"url(", "@import", "@font-face", "http"} {
		if strings.Contains(style, outside) {
			t.Errorf("the style has %s", outside)
		}
	}
}

// Nothing that the report holds is missing.
func TestHTMLHasEverything(t *testing.T) {
	all := reports()
	all["nodes"], all["refused"], all["delayed"], all["crowd"] = manyNodes(), refused(), delayed(), crowd()
	for name, r := range all {
		_, text := parsed(t, r)
		has := func(what, s string) {
			if !strings.Contains(text, s) {
				t.Errorf("%s: no %s %q", name, what, s)
			}
		}
		has("verdict", verdictWords(r.Verdict))
		has("forecast", (&view{r: r, page: newPage(Options{})}).foretell(r.Forecast.ControlPlane))
		for _, s := range preflight.Causes(r.Findings) {
			has("finding", s.Lead.Summary)
			for _, f := range s.Rest {
				has("finding", consequence(s.Lead, f))
			}
		}
		for _, f := range r.Findings {
			for _, e := range f.Evidence[:min(len(f.Evidence), fewEvidence)] {
				if !f.Waived {
					has("evidence", observed(e))
				}
			}
		}
		for _, o := range r.Open {
			has("question", o.Reason)
			has("question's subject", o.Subject.String())
		}
		for _, f := range r.Facts {
			if !f.Present {
				has("fact", f.ID)
			}
		}
		for _, c := range r.Checks {
			if c.Status != preflight.Fail {
				has("check", c.ID)
			}
		}
		for _, m := range r.Forecast.Timeline {
			has("moment", m.Text)
		}
		for _, s := range r.Forecast.Stop {
			has("command", s.Command)
		}
		for _, h := range r.Forecast.ControlPlane.Hooks {
			if h.Outcome != forecast.Unknown {
				has("hook", h.Name)
			}
			for _, w := range h.Writes {
				for _, i := range w.InterceptedBy {
					has("webhook", i.Name)
				}
			}
		}
	}
}

// crowd is a cluster of 5,000 nodes with 40 webhooks, most of which hang, 30 hooks
// in trouble, 500 findings and as many questions.
func crowd() preflight.Report {
	r := incident()
	hooks := []forecast.Hook{}
	for h := range 30 {
		hook := forecast.Hook{Name: fmt.Sprintf("start-some-controller-with-a-long-name-%d", h), Outcome: forecast.CrashLoop, DeadlineSeconds: 30, Seconds: &forecast.Seconds{Min: 30, Max: 40}, Writes: rbacWrites()}
		for w := range 40 {
			i := opaHung(forecast.Rejects, "Fail")
			i.Name, i.Webhook = fmt.Sprintf("policy-of-team-%d", w), fmt.Sprintf("validate.policy-of-team-%d.svc.cluster.local", w)
			if w > 30 {
				i.Effect = forecast.Passes
			}
			hook.Writes = by(hook.Writes, i)
		}
		hooks = append(hooks, hook)
	}
	r.Forecast.ControlPlane.Hooks = hooks
	r.Forecast.Nodes = forecast.Nodes{Total: 5000, Exposed: 5000}
	for n := range 500 {
		f := manyNodes().Findings[n%300]
		f.Subject.Name = fmt.Sprintf("gke-prod-default-pool-%05d", n)
		f.Summary = "node " + f.Subject.Name + " is not ready since 2026-11-22 13:40 UTC: KubeletNotReady, and has been so four times today"
		f.Steps = remedy.Do(fmt.Sprintf("find out why, before the upgrade does, as it is in zone %d", n), remedy.Sh("kubectl describe node %s", f.Subject.Name))
		f.Remedy = f.Steps.String()
		r.Findings = append(r.Findings, f)
		r.Open = append(r.Open, preflight.OpenQuestion{Check: "GP201", Severity: preflight.Warning, Subject: f.Subject, Reason: fmt.Sprintf("it has no pool label, and its machine %d is not known to GKE", n)})
	}
	return r
}

func TestHTMLStaysSmall(t *testing.T) {
	if n := len(written(t, "html", crowd())); n > 1e6 {
		t.Errorf("%d bytes", n)
	}
}

// Quiet leaves the verdict and the blockers.
func TestHTMLQuiet(t *testing.T) {
	var b bytes.Buffer
	if err := HTML(&b, incident(), Options{Quiet: true}); err != nil {
		t.Fatal(err)
	}
	if s := b.String(); !strings.Contains(s, "GP101") || strings.Contains(s, "GP201") || strings.Contains(s, "What was not looked at") {
		t.Error(s)
	}
}

func TestAxis(t *testing.T) {
	for seconds, want := range map[float64]string{5: "0 1 s 2 s 3 s 4 s 5 s", 66: "0 20 s 40 s 60 s", 135: "0 30 s 60 s 90 s 120 s", 4830: "0 20 min 40 min 60 min 80 min"} {
		var labels []string
		for _, tick := range axis(seconds).ticks() {
			labels = append(labels, strings.ReplaceAll(tick.Label, nbsp, " "))
			if tick.At < 0 || tick.At > 100 {
				t.Errorf("%v: %v", seconds, tick)
			}
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

// What was seen shows alike, whether the report is fresh or was stored.
func TestEvidenceShowsAlike(t *testing.T) {
	r := incident()
	r.Findings[0].Evidence = nil
	for _, v := range []any{facts.Hung, int64(5_000_000), 2.5, true, []string{"a"}, map[string]int{"b": 1}, r.CollectedAt, struct{ A, B any }{1, nil}} {
		r.Findings[0].Evidence = append(r.Findings[0].Evidence, preflight.Evidence{Fact: "nodes", Value: v})
	}
	back, err := Parse(written(t, "json", r))
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"wide", "html", "markdown"} {
		if d := cmp.Diff(string(written(t, format, r)), string(written(t, format, back))); d != "" {
			t.Errorf("%s: %s", format, d)
		}
	}
}
