package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/policy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// Policy writes what a policy says, as of a day. The error is w's.
func Policy(w io.Writer, p *policy.Policy, day time.Time, o Options) error {
	v := newPage(o)
	v.text(0, preflight.Clean(fmt.Sprintf("%s is valid, as of %s: %s, %s, %s.", p.File, day.Format(time.DateOnly), words.Count(len(p.Severities), "override"), words.Count(len(p.Thresholds), "threshold"), words.Count(len(p.Waivers), "waiver"))))
	var rows [][]string
	for _, s := range p.Severities {
		rows = append(rows, append(scopeRow(s.Scope), s.Severity.String(), preflight.Clean(s.Reason)))
	}
	if err := listing(v, "Severities", []string{"LINE", "CHECK", "SUBJECT", "CLUSTER", "SEVERITY", "REASON"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, m := range p.Thresholds {
		rows = append(rows, []string{fmt.Sprint(m.Line), m.Check, m.Threshold.Name, fmt.Sprint(m.Value), fmt.Sprint(m.Threshold.Default), preflight.Clean(cmp.Or(m.Cluster, "any")), preflight.Clean(m.Reason)})
	}
	if err := listing(v, "Thresholds", []string{"LINE", "CHECK", "NAME", "VALUE", "DEFAULT", "CLUSTER", "REASON"}, rows); err != nil {
		return err
	}
	rows = nil
	for _, x := range p.Waivers {
		reason := x.Reason
		if x.Owner != "" {
			reason += " (" + x.Owner + ")"
		}
		rows = append(rows, append(scopeRow(x.Scope), x.Until.Format(time.DateOnly), string(x.On(day)), preflight.Clean(reason)))
	}
	if err := listing(v, "Waivers", []string{"LINE", "CHECK", "SUBJECT", "CLUSTER", "UNTIL", "STATE", "REASON"}, rows); err != nil {
		return err
	}
	return v.writeTo(w)
}

// Moved is the section that explain puts after a check's page: the thresholds of it
// that a policy moves; empty if there are none.
func Moved(p *policy.Policy, check string) string {
	var b strings.Builder
	if p == nil {
		return ""
	}
	for _, m := range p.Thresholds {
		if strings.EqualFold(m.Check, check) {
			fmt.Fprintf(&b, "- %s:%d: `%s` is %d instead of %d", p.File, m.Line, m.Threshold.Name, m.Value, m.Threshold.Default)
			if m.Cluster != "" {
				fmt.Fprintf(&b, " for cluster `%s`", m.Cluster)
			}
			fmt.Fprintf(&b, ": %s\n", m.Reason)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n## What the policy moves\n\n" + preflight.Clean(b.String())
}

func listing(v *page, heading string, header []string, rows [][]string) error {
	if rows == nil {
		return nil
	}
	v.heading(heading)
	return v.columns(2, header, rows)
}

func scopeRow(s policy.Scope) []string {
	return []string{fmt.Sprint(s.Line), s.Check, preflight.Clean(cmp.Or(s.Subject, "any")), preflight.Clean(cmp.Or(s.Cluster, "any"))}
}

// waiverWords say by what something is accepted, until when and why.
func waiverWords(w *preflight.Waiver) string {
	if w == nil {
		return "waived"
	}
	word := "waived"
	switch {
	case w.Lapsed:
		word = "waived up to " + w.Until + ", which is over"
	case w.Until != "":
		word = "waived up to " + w.Until
	}
	who := []string{w.By}
	if w.Owner != "" {
		who = append(who, w.Owner)
	}
	return fmt.Sprintf("%s: %s (%s)", word, w.Reason, strings.Join(who, ", "))
}

// lapsed is the note on a finding whose waiver has ended; empty for any other.
func lapsed(f preflight.Finding) string {
	if f.Waiver == nil || f.Waived {
		return ""
	}
	return waiverWords(f.Waiver)
}

// relabelled says what a policy and a baseline made of a finding that counts:
// empty if nothing.
func relabelled(f preflight.Finding) []string {
	var notes []string
	if s := lapsed(f); s != "" {
		notes = append(notes, s)
	}
	if o := f.Override; o != nil {
		notes = append(notes, fmt.Sprintf("%s instead of %s: %s (%s)", f.Severity, o.From, o.Reason, o.By))
	}
	if f.Baseline == preflight.New || f.Baseline == preflight.Worse {
		notes = append(notes, string(f.Baseline)+" since the baseline")
	}
	return notes
}

// noted is a text about a finding with what a policy and a baseline made of that.
func noted(text string, f preflight.Finding) string {
	return strings.Join(append([]string{text}, relabelled(f)...), "; ")
}

// blockersAccepted counts what would decide the verdict if it were not waived.
func blockersAccepted(r preflight.Report) int {
	n := 0
	for _, f := range r.Findings {
		if f.Waived && f.Severity == preflight.Blocker {
			n++
		}
	}
	return n + len(questionsAccepted(r, preflight.Blocker))
}

// questionsAccepted are the waived open questions of at least a severity.
func questionsAccepted(r preflight.Report, least preflight.Severity) []preflight.OpenQuestion {
	var all []preflight.OpenQuestion
	for _, c := range byCheck(r) {
		for _, o := range openOf(c) {
			if o.Waived && o.Severity >= least {
				all = append(all, o)
			}
		}
	}
	return all
}

// oldBaseline is from when on a report says how old its baseline is: an upgrade of all node
// pools may last for days.
const oldBaseline = 7 * 24 * time.Hour

// underPolicy says under which policy and beside which baseline the report was
// drawn up; empty if there was neither.
func underPolicy(r preflight.Report) string {
	var s []string
	if p := r.Policy; p != nil {
		text := "Waivers judged on " + p.JudgedOn
		if p.File != "" {
			text = "Policy: " + p.File + ", judged on " + p.JudgedOn
		}
		if p.Accepted != nil {
			text += "; accepted for this run: " + strings.Join(p.Accepted, ", ")
		}
		s = append(s, text+".")
		var moved []string
		for _, t := range p.Thresholds {
			moved = append(moved, fmt.Sprintf("%s: %s (%s)", t, t.Reason, t.By))
		}
		if moved != nil {
			s = append(s, "Thresholds: "+strings.Join(moved, "; ")+".")
		}
		if p.Unmet != nil {
			s = append(s, "Severities that met nothing: "+strings.Join(p.Unmet, ", ")+".")
		}
	}
	if b := r.Baseline; b != nil {
		text := "Baseline: the report of " + b.CollectedAt.UTC().Format("2006-01-02 15:04 UTC") + " (" + string(b.Verdict) + ")"
		if older := r.CollectedAt.Sub(b.CollectedAt); older >= oldBaseline && !b.CollectedAt.IsZero() {
			text += ", " + preflight.Words(older) + " older than what is judged"
		}
		if b.FailOnNew {
			text += ", whose findings are accepted where they are no worse"
		}
		s = append(s, text+".")
	}
	return strings.Join(s, " ")
}
