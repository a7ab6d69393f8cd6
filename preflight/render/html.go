package render

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

//go:embed html
var htmlFiles embed.FS

// HTML writes the report as one file that needs no other: it asks no network for
// anything and runs no script, which its Content-Security-Policy holds it to. It
// is for a screen of any width, light or dark, and for paper.
func HTML(w io.Writer, r preflight.Report, o Options) error {
	return htmlPage(w, "report.tmpl", func(style template.CSS, hash string) any {
		return document{view: &view{page: newPage(Options{Quiet: o.Quiet}), r: r}, Style: style, StyleHash: hash, Sections: sections(r, o)}
	})
}

// htmlPage executes a template with what content makes of the style and its hash.
func htmlPage(w io.Writer, name string, content func(style template.CSS, hash string) any) error {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return err
	}
	t, err := template.New("").ParseFS(htmlFiles, "html/*.tmpl")
	if err != nil {
		return err
	}
	digest := sha256.Sum256(style)
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, content(template.CSS(style), "sha256-"+base64.StdEncoding.EncodeToString(digest[:]))); err != nil {
		return err
	}
	_, err = w.Write(append(bytes.TrimSpace(b.Bytes()), '\n'))
	return err
}

// A document is what the templates show. It has no words of its own: they are
// those of the table.
type document struct {
	*view
	Style     template.CSS
	StyleHash string
	Sections  []section
}

// Report is the report that is shown.
func (d document) Report() preflight.Report { return d.r }

// Title is the document's title.
func (d document) Title() string { return headlineOf(d.r) }

// Sign stands beside the verdict.
func (d document) Sign() string { return strings.TrimSpace(verdictSign(d.r.Verdict).text) }

// Verdict is the verdict in words.
func (d document) Verdict() string { return verdictWords(d.r.Verdict) }

// Cluster is the cluster with its place.
func (d document) Cluster() string { return d.cluster() }

// Versions are the version that runs and the target, and how long ago they were seen.
func (d document) Versions() string { return d.versions() + d.seenAgo() }

// Origin says where the target comes from, and who saw the cluster when.
func (d document) Origin() string { return d.origin() }

// Counts is how much was found and left open.
func (d document) Counts() string { return countsOf(d.r) }

// Everything counts all that the report holds.
func (d document) Everything() string { return everythingOf(d.r) }

// Manual is the beginning of the manual.
func (d document) Manual() string { return manualURL + "README.md" }

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

// A fold is something of which the first lines are shown and the rest is folded.
type fold[T any] struct{ Shown, Folded []T }

func foldAfter[T any](all []T, shown int) fold[T] {
	n := min(len(all), shown)
	return fold[T]{all[:n], all[n:]}
}

// A content is a section to jump to.
type content struct {
	Name    section
	Heading string
}

// Contents are the sections to jump to, in their order.
func (d document) Contents() []content {
	var all []content
	for _, s := range d.Sections {
		switch {
		case s == outlook:
			all = append(all, content{s, d.OutlookHeading()})
		case s == findings && d.AnythingToDo():
			all = append(all, content{s, "What to do now"})
		case s == gaps && d.Gap().Heading != "":
			all = append(all, content{s, d.Gap().Heading})
		}
	}
	return all
}

// OutlookHeading and what follows are the words of [view.outlook].
func (d document) OutlookHeading() string { return outlookHeading(d.r) }

// Foretold is what the new replica would do.
func (d document) Foretold() string { return d.foretell(d.r.Forecast.ControlPlane) }

// Notes are the circumstances of that.
func (d document) Notes() []string { return d.r.Forecast.ControlPlane.Notes }

// Blame says who does what to which writes.
func (d document) Blame() fold[string] {
	hooks, _ := troubled(d.r.Forecast.ControlPlane)
	return foldAfter(accusations(d.r.Forecast.ControlPlane, hooks, true), 3)
}

// Blind is how many hooks can't be judged.
func (d document) Blind() string {
	if _, blind := troubled(d.r.Forecast.ControlPlane); blind > 0 {
		return fmt.Sprintf("%s can't be judged for what could not be read.", words.Count(blind, "hook"))
	}
	return ""
}

// Lines is what the cluster would lose beside its control plane's start.
func (d document) Lines() []lineRow {
	var all []lineRow
	rows, _ := d.lifelineRows()
	for _, r := range rows {
		all = append(all, lineRow{r.outcome, strings.Join(r.lines, ", "), foldAfter(r.culprits, maxShown)})
	}
	return all
}

type lineRow struct {
	Outcome, Lines string
	Culprits       fold[string]
}

// Kept counts the other lines.
func (d document) Kept() string {
	if _, kept := d.lifelineRows(); kept > 0 {
		return are(kept, "other line") + " kept."
	}
	return ""
}

// A gap is the heading of what was not looked at, and what is said first.
type gap struct{ Heading, Text string }

// Gap begins the section on what was not looked at; its heading is empty where
// there is nothing to say.
func (d document) Gap() gap {
	heading, text := introduceGaps(d.r)
	return gap{heading, text}
}

// An unanswered question, with the subjects that it is about.
type unanswered struct {
	Checks   []checkLink
	Blocker  bool
	Subjects fold[string]
	Reason   string
}

// Unanswered is what got no answer.
func (d document) Unanswered() fold[unanswered] {
	var all []unanswered
	for _, q := range append(openQuestions(d.r), undecided(d.r)...) {
		var checks []checkLink
		for _, id := range q.checks {
			checks = append(checks, linkTo(id))
		}
		all = append(all, unanswered{checks, q.severity == preflight.Blocker, foldAfter(q.subjects, maxShown), q.reason})
	}
	return foldAfter(all, 2*maxShown)
}

// Omissions are what was not read or left out.
func (d document) Omissions() []string { return omissions(d.r) }

// Passed are the checks that passed.
func (d document) Passed() []passedCheck {
	var all []passedCheck
	for _, c := range d.r.Checks {
		if c.Status == preflight.Pass {
			all = append(all, passedCheck{linkTo(c.ID), c.Title})
		}
	}
	return all
}

type passedCheck struct {
	Check checkLink
	Title string
}
