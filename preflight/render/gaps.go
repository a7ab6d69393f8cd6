package render

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// gaps says what was not looked at, or not answered, and why.
func (v *view) gaps() error {
	heading, text := introduceGaps(v.r)
	if heading == "" {
		return nil
	}
	v.heading(heading)
	if text != "" && (v.Wide || v.r.Verdict != preflight.Inconclusive) {
		v.text(2, text)
	}
	qs := append(openQuestions(v.r), undecided(v.r)...)
	if !v.Wide {
		v.gapsBriefly(qs)
		return nil
	}
	v.questions(qs)
	for _, o := range omissions(v.r) {
		v.item(2, "- ", o)
	}
	return nil
}

func unique(all []string) []string { return slices.Compact(slices.Sorted(slices.Values(all))) }

// introduceGaps is the heading of what was not looked at, and what is said first;
// empty where there is nothing to say.
func introduceGaps(r preflight.Report) (heading, text string) {
	const notLookedAt = "What was not looked at"
	n := count(r)
	moot := slices.ContainsFunc(r.Checks, func(c preflight.CheckStatus) bool { return c.Status == preflight.NotApplicable })
	switch {
	case r.Verdict == preflight.Inconclusive:
		return "Why there is no answer", "Nothing was found that would stop the upgrade, but not everything that could stop it was looked at." + leftAlone(r) + couldNotRead(r)
	case n.undecided > 0 || n.absent > 0 || moot || r.Skipped != nil:
		return notLookedAt, ""
	case r.Verdict == preflight.Ready && n.accepted == 0:
		return notLookedAt, "Nothing: every check has an answer, and every fact was read."
	}
	return "", ""
}

// leftAlone counts what was skipped on request and is not waived; empty if nothing was.
func leftAlone(r preflight.Report) string {
	n := 0
	for _, s := range r.Skipped {
		if !s.Waived {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return " One answer was skipped on request, as listed below; a waiver accepts that."
	}
	return fmt.Sprintf(" %d answers were skipped on request, as listed below; waivers accept that.", n)
}

// couldNotRead names the facts that were asked for in vain, before all the
// questions that are open for want of them; empty if there are none.
func couldNotRead(r preflight.Report) string {
	var why reasons
	forbidden := false
	for _, f := range r.Facts {
		if !f.Reason.Sought() {
			continue
		}
		why.add(f.Absence, f.ID)
		forbidden = forbidden || f.Reason == facts.Forbidden
	}
	lines := why.say("")
	if lines == nil {
		return ""
	}
	text := " Could not be read: " + strings.Join(lines, "; ") + "."
	if forbidden {
		text += " gke-preflight rbac prints the rights that are needed."
	}
	return text
}

// A question is what checks got no answer to, for one reason.
type question struct {
	checks   []string
	severity preflight.Severity
	subjects []string
	reason   string
	// about are the subjects, of which subjects are the names.
	about []preflight.Subject
	// unread says that facts are missing for it.
	unread bool
	// shared says that the reason is a cause that others may have: of all with one
	// cause one question is made, whatever checks ask them.
	shared bool
}

// about is what makes one question of those of several checks.
type about struct {
	subject preflight.Subject
	reason  string
}

// openQuestions are the subjects about which checks got no answer, each with all the
// checks that asked, and those that could hide a blocker first.
func openQuestions(r preflight.Report) []question {
	var qs []question
	index := map[about]int{}
	for _, o := range r.Open {
		if o.Waived {
			continue
		}
		k := about{o.Subject, o.Reason}
		n, ok := index[k]
		if !ok {
			n = len(qs)
			index[k] = n
			qs = append(qs, question{subjects: []string{o.Subject.String()}, about: []preflight.Subject{o.Subject}, reason: o.Reason})
			if o.Cause != "" {
				qs[n].reason, qs[n].shared = o.Cause, true
			}
		}
		qs[n].checks = append(qs[n].checks, o.Check)
		qs[n].severity = max(qs[n].severity, o.Severity)
	}
	return joined(qs)
}

// undecided are the checks that have no answer as a whole.
func undecided(r preflight.Report) []question {
	hasOpen := map[string]bool{}
	for _, o := range r.Open {
		hasOpen[o.Check] = true
	}
	var qs []question
	for _, c := range r.Checks {
		if c.Status == preflight.Undecided && !c.Waived && !hasOpen[c.ID] && c.See == "" {
			qs = append(qs, question{checks: []string{c.ID}, severity: c.Severity, reason: c.Reason, unread: c.Missing != nil})
		}
	}
	return joined(qs)
}

// joined makes one of all questions with the same reason that have the same checks,
// have no subject, or share their cause, those that could hide a blocker first.
func joined(qs []question) []question {
	var merged []question
	for _, q := range qs {
		n := slices.IndexFunc(merged, func(m question) bool {
			return m.reason == q.reason && m.severity == q.severity && (q.subjects == nil || slices.Equal(m.checks, q.checks) || m.shared && q.shared)
		})
		if n < 0 {
			merged = append(merged, q)
			continue
		}
		merged[n].about = append(merged[n].about, q.about...)
		for _, of := range q.subjects {
			merged[n].subjects = append(merged[n].subjects, strings.TrimPrefix(of, "Lifeline "))
		}
		for _, c := range q.checks {
			if !slices.Contains(merged[n].checks, c) {
				merged[n].checks = append(merged[n].checks, c)
			}
		}
	}
	slices.SortStableFunc(merged, func(a, b question) int { return int(b.severity) - int(a.severity) })
	return merged
}

// questions writes a line for each.
func (v *view) questions(qs []question) {
	for _, q := range qs {
		text := strings.Join(q.checks, ", ")
		if q.severity == preflight.Blocker {
			text += yellow.of(" (could hide a blocker)")
		}
		v.item(2, "? ", text+": "+q.said(v.Wide))
	}
}

// said is the reason, after the subjects where there are some.
func (q question) said(whole bool) string {
	if q.subjects == nil {
		return q.reason
	}
	return enumerate(q.subjects, whole) + ": " + q.reason
}

// omissions are what could not be read, by reason, and the checks whose question
// does not arise or was left out.
func omissions(r preflight.Report) []string {
	var unread, left, moot reasons
	asked := map[string][]string{}
	for _, f := range r.Facts {
		switch {
		case f.Present:
		case f.Reason == facts.LeftOut:
			left.add(f.Detail, f.ID)
			asked[f.Detail] = append(asked[f.Detail], without(r, f.ID)...)
		default:
			unread.add(f.Absence, f.ID)
		}
	}
	for _, c := range r.Checks {
		if c.Status == preflight.NotApplicable && c.Missing == nil && !skippedIn(r, c.ID) {
			moot.add(c.Reason, c.ID)
		}
	}
	lines := left.say("left out: ")
	for i, why := range left.order {
		if checks := asked[why]; checks != nil {
			lines[i] += "; so not asked: " + strings.Join(unique(checks), ", ")
		}
	}
	return slices.Concat(skippedLines(r), unread.say("not read: "), lines, moot.say("not applicable: "))
}

// skippedLines list what the run was told to leave alone, by what told it so: the checks
// that were not asked, and what others said of objects that do not count.
func skippedLines(r preflight.Report) []string {
	var whole reasons
	var lines []string
	for _, s := range r.Skipped {
		if s.Subject == (preflight.Subject{}) {
			whole.add(skippedBy(s), s.Check)
			continue
		}
		lines = append(lines, skippedWords(s))
	}
	return append(whole.say("skipped: "), lines...)
}

// skippedBy is what left it alone, and what accepts that.
func skippedBy(s preflight.Skipped) string {
	if s.Waived && s.Waiver != nil {
		return s.By + "; " + waiverWords(s.Waiver)
	}
	return s.By
}

// skippedWords say what was left alone, and by what.
func skippedWords(s preflight.Skipped) string {
	if s.Subject == (preflight.Subject{}) {
		return fmt.Sprintf("skipped: %s (%s)", s.Check, skippedBy(s))
	}
	return fmt.Sprintf("skipped: %s, %s: %s: %s (%s)", s.Check, s.Severity, s.Subject, s.Summary, skippedBy(s))
}

// skippedIn reports whether something of the check was skipped.
func skippedIn(r preflight.Report, check string) bool {
	return slices.ContainsFunc(r.Skipped, func(s preflight.Skipped) bool { return s.Check == check })
}

// without are the checks that do not apply since a fact was left out.
func without(r preflight.Report, fact string) (checks []string) {
	for _, c := range r.Checks {
		if c.Status == preflight.NotApplicable && slices.Contains(c.Missing, fact) {
			checks = append(checks, c.ID)
		}
	}
	return checks
}

// reasons are the IDs of what has the same reason, in the order of appearance.
type reasons struct {
	order []string
	ids   map[string][]string
}

func (r *reasons) add(reason, id string) {
	if r.ids == nil {
		r.ids = map[string][]string{}
	}
	if r.ids[reason] == nil {
		r.order = append(r.order, reason)
	}
	r.ids[reason] = append(r.ids[reason], id)
}

func (r *reasons) say(what string) []string {
	var lines []string
	for _, reason := range r.order {
		lines = append(lines, fmt.Sprintf("%s%s (%s)", what, strings.Join(r.ids[reason], ", "), reason))
	}
	return lines
}
