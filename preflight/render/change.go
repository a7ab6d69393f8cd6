package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
)

// Change writes for people what report r says that the one before it did not. The
// error is w's.
func Change(w io.Writer, r preflight.Report, c change.Change, o Options) error {
	v := newPage(o)
	v.text(0, bold.of(headlineOf(r)))
	v.text(0, sinceWhen(c))
	for _, l := range changeLines(c) {
		v.item(2, l.sign, l.what+": "+l.detail)
	}
	return v.writeTo(w)
}

// maxNoticed is how many lines a chat gets; the rest is counted.
const maxNoticed = 15

// Notice is the same as a chat gets it: the verdict, and a line for each thing
// that changed. Names of checks and objects are in it, and nothing else that comes
// from the cluster.
func Notice(r preflight.Report, c change.Change) (title string, lines []string) {
	lines = []string{sinceWhen(c)}
	all := changeLines(ofCauses(r, c))
	for n, l := range all {
		if n == maxNoticed {
			lines = append(lines, fmt.Sprintf("and %d more", len(all)-n))
			break
		}
		lines = append(lines, l.sign+l.what+": "+l.where)
	}
	for _, a := range causesOf(r) {
		lines = append(lines, a.Label+": "+a.Text)
	}
	if _, step, ok := firstStep(r); ok {
		for _, c := range step.Commands {
			lines = append(lines, c.Text)
		}
	}
	return headlineOf(r), lines
}

// ofCauses is c with an item for each new thing that is wrong: what is new and comes of
// the same as another new finding is left out.
func ofCauses(r preflight.Report, c change.Change) change.Change {
	type key struct {
		check   string
		subject preflight.Subject
	}
	lead := map[key]key{}
	for _, cause := range preflight.Causes(r.Findings) {
		for _, f := range cause.Rest {
			lead[key{f.Check, f.Subject}] = key{cause.Lead.Check, cause.Lead.Subject}
		}
	}
	c.New = slices.DeleteFunc(slices.Clone(c.New), func(i change.Item) bool {
		of, ok := lead[key{i.Check, i.Subject}]
		return ok && slices.ContainsFunc(c.New, func(o change.Item) bool { return o.Check == of.check && o.Subject == of.subject })
	})
	return c
}

// sinceWhen says what it is compared with, and what is not said line by line.
func sinceWhen(c change.Change) string {
	b := c.Before
	if b == nil {
		return "This is the first report that is kept of this cluster."
	}
	at := b.CollectedAt.UTC().Format("2006-01-02 15:04 UTC")
	s := "Since " + at + " this has changed:"
	switch {
	case !c.Changed:
		s = "Nothing has changed since " + at + "."
	case b.Verdict != c.Verdict:
		s = fmt.Sprintf("It was %s on %s. Since then this has changed:", verdictWords(b.Verdict), at)
	}
	if b.Version != c.Cluster.Version || b.TargetVersion != c.TargetVersion {
		s += fmt.Sprintf(" (It was looked at for %s → %s then.)", release(b.Version), release(b.TargetVersion))
	}
	return s
}

// A changeLine is one thing that changed: what may be told anywhere, and what was
// seen of it.
type changeLine struct {
	sign     string
	severity preflight.Severity
	what     string
	where    string
	detail   string
}

// changeLines are what is bad first, the worst of it before the rest. Of a first
// report they are what keeps it from being ready: the rest is not news to anybody.
func changeLines(c change.Change) []changeLine {
	var bad, good []changeLine
	put := func(to *[]changeLine, sign, word string, items []change.Item) {
		for _, i := range items {
			*to = append(*to, changeLine{sign, i.Severity, word + " " + i.Severity.String() + " " + i.Check, titled(i.Title, i.Subject), i.Summary})
		}
	}
	put(&bad, "+ ", "new", c.New)
	put(&bad, "+ ", "worse,", c.Worse)
	put(&bad, "? ", "gone or not,", c.Unsure)
	for _, q := range c.Opened {
		bad = append(bad, changeLine{"? ", q.Severity, "no answer to " + q.Check, titled(q.Title, q.Subject), strings.TrimPrefix(subjectOf(q.Subject)+": ", ": ") + q.Reason})
	}
	put(&good, "- ", "gone,", c.Gone)
	for _, q := range c.Answered {
		good = append(good, changeLine{"= ", q.Severity, "an answer to " + q.Check, titled(q.Title, q.Subject), cmp.Or(subjectOf(q.Subject), q.Title)})
	}
	slices.SortStableFunc(bad, func(a, b changeLine) int { return int(b.severity) - int(a.severity) })
	if c.Before == nil {
		return slices.DeleteFunc(bad, func(l changeLine) bool { return l.severity != preflight.Blocker })
	}
	return append(bad, good...)
}

// titled is a check's title with the subject, as far as they are known.
func titled(title string, s preflight.Subject) string {
	return strings.Trim(title+", "+subjectOf(s), ", ")
}

func subjectOf(s preflight.Subject) string {
	if s == (preflight.Subject{}) {
		return ""
	}
	return s.String()
}
