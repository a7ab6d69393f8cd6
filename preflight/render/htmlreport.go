package render

import (
	"fmt"
	"strings"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// htmlHeadline is what is read first, and where to go from there.
func (d document) htmlHeadline() g.Node {
	return html.Header(html.Class(string(d.r.Verdict)),
		html.H1(hidden(strings.TrimSpace(verdictSign(d.r.Verdict).text)), g.Text(" "+verdictWords(d.r.Verdict))),
		html.P(html.Class("cluster"), g.Text(d.whatOf())),
		html.P(g.Text(countsOf(d.r))),
		paragraph(d.origin(), small()),
		paragraph(underPolicy(d.r), small()),
		answers(append(answersOf(d.r), reasonsOf(d.r)...)),
		advices(advise(d.firstSteps(""))),
		answers(scheduleOf(d.r)),
		html.Nav(g.Map(d.contents(), func(c content) g.Node {
			return g.Group{html.A(html.Href("#"+string(c.name)), g.Text(c.heading)), g.Text(" ")}
		})),
	)
}

func answers(all []answer) g.Node {
	if all == nil {
		return nil
	}
	return html.Dl(html.Class("answers"), lines(all, func(a answer) g.Node {
		return g.Group{html.Dt(g.Text(a.Label)), html.Dd(g.Text(a.Text))}
	}))
}

// A content is a section to jump to.
type content struct {
	name    section
	heading string
}

// contents are the sections to jump to, in their order.
func (d document) contents() []content {
	var all []content
	for _, s := range d.sections {
		switch {
		case s == outlook:
			all = append(all, content{s, outlookHeading(d.r)})
		case s == findings && d.anythingToDo():
			all = append(all, content{s, "What to do now"})
		case s == gaps:
			if heading, _ := introduceGaps(d.r); heading != "" {
				all = append(all, content{s, heading})
			}
		}
	}
	return all
}

// htmlPassed are the checks that passed.
func (d document) htmlPassed() g.Node {
	var all []preflight.CheckStatus
	for _, c := range d.r.Checks {
		if c.Status == preflight.Pass {
			all = append(all, c)
		}
	}
	if all == nil {
		return nil
	}
	return html.Section(html.H2(g.Text("What passed")),
		details(fmt.Sprintf("%d of %d checks", len(all), len(d.r.Checks)), html.Ul(html.Class("plain"), lines(all, func(c preflight.CheckStatus) g.Node {
			return html.Li(linkTo(c.ID).html(), g.Text(" "+c.Title))
		}))))
}

// htmlWaived is what was found or left open, and accepted, and what became of the
// findings of an earlier report.
func (d document) htmlWaived() g.Node {
	var sections g.Group
	if all := waivedLines(d.r); len(all) > 0 {
		sections = append(sections, html.Section(html.H2(g.Textf("Waived (%d)", len(all))), html.Ul(lines(all, func(l waivedLine) g.Node {
			item := g.Group{linkTo(l.check).html(), g.Text(strings.TrimPrefix(l.text, l.check))}
			if l.words != "" {
				item = append(item, html.Br(), g.Text(l.words))
			}
			return html.Li(item)
		}))))
	}
	if all := baselineLines(d.r); len(all) > 0 {
		sections = append(sections, html.Section(html.H2(g.Text(sinceBaseline(d.r))), html.Ul(items(all))))
	}
	return sections
}

// An unanswered question, with the subjects that it is about.
type unanswered struct {
	checks   []string
	blocker  bool
	subjects []string
	reason   string
}

// unanswered is what got no answer.
func (d document) unanswered() []unanswered {
	var all []unanswered
	for _, q := range append(openQuestions(d.r), undecided(d.r)...) {
		all = append(all, unanswered{q.checks, q.severity == preflight.Blocker, q.subjects, q.reason})
	}
	return all
}

// htmlGaps is what was not looked at, or got no answer.
func (d document) htmlGaps() g.Node {
	heading, text := introduceGaps(d.r)
	if heading == "" {
		return nil
	}
	section := g.Group{html.ID(string(gaps)), html.H2(g.Text(heading)), paragraph(text)}
	if all := d.unanswered(); len(all) > 0 {
		section = append(section, folding(foldAfter(all, 2*maxShown), func(all []unanswered) g.Node {
			return html.Ul(html.Class("plain"), lines(all, unanswered.html))
		}))
	}
	if all := omissions(d.r); len(all) > 0 {
		section = append(section, html.Ul(items(all)))
	}
	return html.Section(section)
}

func (q unanswered) html() g.Node {
	item := g.Group{
		html.Span(html.Class("sign"), html.Aria("hidden", "true"), g.Text("?")), g.Text(" "),
		commas(q.checks, func(id string) g.Node { return linkTo(id).html() }),
	}
	if q.blocker {
		item = append(item, g.Text(" "), html.Strong(html.Class("open"), g.Text("(could hide a blocker)")))
	}
	subjects := foldAfter(q.subjects, maxShown)
	if len(subjects.Shown) > 0 {
		item = append(item, g.Text(": "+strings.Join(subjects.Shown, ", ")))
	}
	item = append(item, g.Text(": "+q.reason))
	if n := len(subjects.Folded); n > 0 {
		item = append(item, html.Details(html.Class("more"), html.Summary(g.Textf("and %d more", n)), g.Text(strings.Join(subjects.Folded, ", "))))
	}
	return html.Li(item)
}
