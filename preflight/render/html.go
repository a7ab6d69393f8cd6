package render

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // style.css
	"encoding/base64"
	"fmt"
	"io"
	"regexp"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// HTML writes the report as one file that needs no other: it asks no network for
// anything and runs no script, which its Content-Security-Policy holds it to. It
// is for a screen of any width, light or dark, and for paper.
func HTML(w io.Writer, r preflight.Report, o Options) error {
	d := document{view: &view{page: newPage(Options{Quiet: o.Quiet}), r: r, mapped: mappedOf(r)}, sections: sections(r, o)}
	return htmlPage(w, headlineOf(r), html.Main(lines(d.sections, d.htmlSection)), html.Footer(
		html.P(g.Text(verdictWords(r.Verdict)+" - "+everythingOf(r))),
		html.P(g.Text("gke-preflight "+r.Tool+", "), html.A(html.Href(manualURL+"README.md"), g.Text("manual"))),
	))
}

//go:embed style.css
var style string

// htmlPage writes a page of which the policy admits its own style, and nothing else.
func htmlPage(w io.Writer, title string, body ...g.Node) error {
	digest := sha256.Sum256([]byte(style))
	policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'; img-src data:; base-uri 'none'; form-action 'none'"
	page := html.Doctype(html.HTML(html.Lang("en"),
		html.Head(
			html.Meta(html.Charset("utf-8")),
			html.Meta(g.Attr("http-equiv", "Content-Security-Policy"), html.Content(policy)),
			html.Meta(html.Name("viewport"), html.Content("width=device-width, initial-scale=1")),
			html.Meta(html.Name("color-scheme"), html.Content("light dark")),
			html.Meta(html.Name("referrer"), html.Content("no-referrer")),
			html.Link(html.Rel("icon"), html.Href("data:,")),
			html.TitleEl(g.Text(title)),
			html.StyleEl(g.Raw(style)),
		),
		html.Body(body...),
	))
	var b bytes.Buffer
	if err := page.Render(&b); err != nil {
		return err
	}
	_, err := w.Write(append(b.Bytes(), '\n'))
	return err
}

// A document is the report as a page. It has no words of its own: they are those of
// the table.
type document struct {
	*view
	sections []section
}

// htmlSection is one of the page's sections; nil for those that it shows elsewhere.
func (d document) htmlSection(s section) g.Node {
	switch s {
	case headline:
		return d.htmlHeadline()
	case outlook:
		return d.htmlOutlook()
	case lifelines:
		return d.htmlLifelines()
	case findings:
		return d.htmlFindings()
	case waived:
		return d.htmlWaived()
	case gaps:
		return d.htmlGaps()
	case passed:
		return d.htmlPassed()
	case nodes, footer:
	}
	return nil
}

// lines shows each of all on a line of its own.
func lines[T any](all []T, show func(T) g.Node) g.Node {
	return g.Map(all, func(one T) g.Node { return g.Group{g.Raw("\n"), show(one)} })
}

// commas shows all, with commas between them.
func commas[T any](all []T, show func(T) g.Node) g.Node {
	var shown g.Group
	for n, one := range all {
		if n > 0 {
			shown = append(shown, g.Text(", "))
		}
		shown = append(shown, show(one))
	}
	return shown
}

// details shows what is folded behind a summary.
func details(summary string, folded ...g.Node) g.Node {
	return html.Details(html.Summary(g.Text(summary)), g.Group(folded))
}

// folding shows all of f by show, what is folded behind how many there are.
func folding[T any](f fold[T], show func([]T) g.Node) g.Node {
	shown := g.Group{show(f.Shown)}
	if n := len(f.Folded); n > 0 {
		shown = append(shown, g.Raw("\n"), details(fmt.Sprintf("and %d more", n), show(f.Folded)))
	}
	return shown
}

// paragraph shows text, where there is some.
func paragraph(text string, attributes ...g.Node) g.Node {
	if text == "" {
		return nil
	}
	return html.P(g.Group(attributes), g.Text(text))
}

func small() g.Node { return html.Class("small") }

// items are the items of a list of texts.
func items(all []string) g.Node {
	return lines(all, func(text string) g.Node { return html.Li(g.Text(text)) })
}

// hidden is a sign that is there for those who see.
func hidden(sign string) g.Node { return html.Span(html.Aria("hidden", "true"), g.Text(sign)) }

var checkID = regexp.MustCompile(`^GP[0-9]{3}$`)

// A checkLink is a check and where the manual explains it; empty for what is no check's
// ID, which a stored report may hold.
type checkLink struct{ ID, Page string }

func linkTo(check string) checkLink {
	if !checkID.MatchString(check) {
		return checkLink{ID: check}
	}
	return checkLink{check, preflight.DocsURL(check)}
}

func (c checkLink) html() g.Node {
	if c.Page == "" {
		return g.Text(c.ID)
	}
	return html.A(html.Href(c.Page), g.Text(c.ID))
}

// A fold is something of which the first lines are shown and the rest is folded.
type fold[T any] struct{ Shown, Folded []T }

func foldAfter[T any](all []T, shown int) fold[T] {
	n := min(len(all), shown)
	return fold[T]{all[:n], all[n:]}
}
