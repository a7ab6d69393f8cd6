package render

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// gapsBriefly writes the questions that could hide a blocker, but for those that hang
// on what is read first, and names the rest.
func (v *view) gapsBriefly(qs []question) {
	reasons := reasonsOpen(v.r)
	var open []string
	for _, q := range qs {
		if q.severity == preflight.Blocker && !reasons.cover(q) {
			v.questions([]question{q})
			continue
		}
		open = append(open, q.checks...)
	}
	if open != nil {
		v.item(2, "? ", "also open: "+words.Some(unique(open), maxShown))
	}
	for _, l := range skippedLines(v.r) {
		v.item(2, "- ", l)
	}
	var unread, left, asked []string
	for _, f := range v.r.Facts {
		switch {
		case f.Present:
		case f.Reason == facts.LeftOut:
			left = append(left, f.ID)
			asked = append(asked, without(v.r, f.ID)...)
		default:
			unread = append(unread, f.ID)
		}
	}
	const why = " (-o wide says why)"
	if unread != nil {
		text := "not read: " + words.Some(unread, maxShown)
		if left == nil {
			text += why
		}
		v.item(2, "- ", text)
	}
	if left != nil {
		text := "left out: " + words.Some(left, maxShown)
		if asked != nil {
			text += "; so not asked: " + words.Some(unique(asked), maxShown)
		}
		v.item(2, "- ", text+why)
	}
	if open != nil && unread == nil && left == nil {
		v.text(2, why[1:])
	}
}
