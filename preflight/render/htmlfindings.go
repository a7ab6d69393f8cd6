package render

import (
	"fmt"
	"regexp"
	"strings"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// A chapter is what one check found to be worst, with all that belongs to it.
type chapter struct {
	Sign, Word, Severity, Title string
	Check                       checkLink
	Stories                     fold[told]
	// Count is the number of stories.
	Count int
	// Do is what to do about all of them; empty where each has its own.
	Do []advice
}

// told is a story: the finding that leads it, what belongs to it and what to do.
type told struct {
	Text     string
	Evidence []string
	Rest     []relative
	Do       []advice
	// Addon is what the map knows the culprit by; nil if it does not, or if another
	// story tells of it.
	Addon *preflight.KnownAddon
}

// A relative is a finding that belongs to a story.
type relative struct {
	// Relation is whether it is the cause of the lead or a consequence.
	Relation, Text string
	Check          checkLink
	Evidence       []string
}

// A word of a command; one that is Whole would else be broken after its hyphens,
// where a reader takes the break for a space.
type word struct {
	Text  string
	Whole bool
}

var wordOrBlank = regexp.MustCompile(`\S+|\s+`)

// words are the words of what is to be copied, and the blanks between them.
func (p advicePart) words() []word {
	var all []word
	for _, text := range wordOrBlank.FindAllString(p.Text, -1) {
		whole := strings.Contains(text, "-")
		if n := len(all) - 1; n >= 0 && !whole && !all[n].Whole {
			all[n].Text += text
			continue
		}
		all = append(all, word{text, whole})
	}
	return all
}

// anythingToDo says whether anything was found.
func (d document) anythingToDo() bool { return len(findingGroups(d.r, d.Quiet)) > 0 }

// chapters are what to do now, blockers first.
func (d document) chapters() []chapter {
	var all []chapter
	for _, g := range findingGroups(d.r, d.Quiet) {
		s, word := severitySign(g[0].Lead.Severity)
		c := chapter{Sign: strings.TrimSpace(s.text), Word: word, Severity: g[0].Lead.Severity.String(), Check: linkTo(g[0].Lead.Check), Title: d.title(g[0].Lead.Check), Count: len(g)}
		shared, label := d.sharedRemedy(g)
		c.Do = advise(label, shared)
		var stories []told
		for n, st := range g {
			evidence := maxEvidence
			if n >= shownStories {
				evidence = fewEvidence
			}
			story := tell(st, shared == nil, evidence)
			if a, ok := d.mapped.of(st.Lead); ok {
				story.Addon = &a
			}
			stories = append(stories, story)
		}
		c.Stories = foldAfter(stories, shownStories)
		all = append(all, c)
	}
	return all
}

func tell(st preflight.Cause, own bool, evidence int) told {
	t := told{Text: noted(named(st.Lead), st.Lead), Evidence: seen(st.Lead, evidence)}
	if own {
		t.Do = append(t.Do, advise("Do", st.Lead.ToDo())...)
	}
	for _, f := range st.Rest {
		t.Rest = append(t.Rest, relative{related(st.Lead, f), noted(consequence(st.Lead, f), f), linkTo(f.Check), seen(f, evidence)})
		if f.Remedy != st.Lead.Remedy {
			t.Do = append(t.Do, advise("Do", f.ToDo())...)
		}
	}
	return t
}

// shownStories is how many stories of a check stand open.
const shownStories = 5

// maxEvidence bounds what one finding may add to the file, fewEvidence one that
// stands folded below others like it; the JSON has the rest.
const (
	maxEvidence = 50
	fewEvidence = 3
)

func seen(f preflight.Finding, most int) []string {
	var all []string
	for _, e := range f.Evidence[:min(len(f.Evidence), most)] {
		all = append(all, observed(e))
	}
	if more := len(f.Evidence) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("and %d more, see -o json", more))
	}
	return all
}

// htmlFindings is what was found, and what to do about it.
func (d document) htmlFindings() g.Node {
	if !d.anythingToDo() {
		return nil
	}
	return html.Section(html.ID(string(findings)), html.H2(g.Text("What to do now")), lines(d.chapters(), chapter.html))
}

func (c chapter) html() g.Node {
	title := ": " + c.Title
	if c.Count > 1 {
		title += fmt.Sprintf(" (%d)", c.Count)
	}
	return html.Article(html.Class(c.Severity),
		html.H3(html.Span(html.Class("word"), hidden(c.Sign), g.Text(" "+c.Word)), g.Text(" "), c.Check.html(), g.Text(title)),
		folding(c.Stories, func(all []told) g.Node { return lines(all, told.html) }),
		advices(c.Do))
}

func (t told) html() g.Node {
	story := g.Group{html.Class("story"), html.P(g.Text(t.Text)), evidence(t.Evidence)}
	if len(t.Rest) > 0 {
		story = append(story, html.Ul(html.Class("rest"), lines(t.Rest, func(r relative) g.Node {
			return html.Li(g.Text(r.Relation+" ("), r.Check.html(), g.Text("): "+r.Text), evidence(r.Evidence))
		})))
	}
	return html.Div(append(story, advices(t.Do), addonHTML(t.Addon)))
}

func evidence(seen []string) g.Node {
	if len(seen) == 0 {
		return nil
	}
	return html.Details(html.Class("evidence"), html.Summary(g.Textf("seen (%d)", len(seen))), html.Ul(items(seen)))
}

// advices are steps, each with what is to be copied in blocks of its own.
func advices(all []advice) g.Node { return lines(all, advice.html) }

func (a advice) html() g.Node {
	step := g.Group{html.Class("do")}
	for n, p := range a.Parts {
		switch {
		case p.Edit:
			step = append(step, html.Pre(html.Class("edit"), g.Text(p.Text)))
		case p.Code:
			step = append(step, html.Pre(g.Map(p.words(), word.html)))
		case n == 0 && a.Label != "":
			step = append(step, html.P(html.B(g.Text(a.Label+":")), g.Text(" "+p.Text)))
		default:
			step = append(step, html.P(g.Text(p.Text)))
		}
	}
	return html.Div(step)
}

func (w word) html() g.Node {
	if w.Whole {
		return html.Span(g.Text(w.Text))
	}
	return g.Text(w.Text)
}
