package render

import (
	"fmt"
	"regexp"
	"strings"

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

// Words are the words of what is to be copied, and the blanks between them.
func (p advicePart) Words() []word {
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

// Answers are what is read first.
func (d document) Answers() []answer {
	return append(answersOf(d.r), reasonsOf(d.r)...)
}

// First is what to do first about what decides, or how to begin the upgrade where
// nothing stands in its way; none where neither is known.
func (d document) First() []advice { return advise(d.firstSteps("")) }

// AnythingToDo says whether anything was found.
func (d document) AnythingToDo() bool { return len(findingGroups(d.r, d.Quiet)) > 0 }

// Chapters are what to do now, blockers first.
func (d document) Chapters() []chapter {
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
			stories = append(stories, tell(st, shared == nil, evidence))
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

// Waived are what was found or left open, and accepted.
func (d document) Waived() []waiver {
	var all []waiver
	for _, l := range waivedLines(d.r) {
		all = append(all, waiver{linkTo(l.check), strings.TrimPrefix(l.text, l.check), l.words})
	}
	return all
}

// SinceBaseline is the heading of Baseline.
func (d document) SinceBaseline() string { return sinceBaseline(d.r) }

// Baseline is what became of the findings of an earlier report; none without one.
func (d document) Baseline() []string { return baselineLines(d.r) }

type waiver struct {
	Check       checkLink
	Text, Words string
}
