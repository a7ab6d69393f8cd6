package policy

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// Parse reads a policy file. file names it in errors and in reports, checks are
// those that it may name, and day is that of the run, from which a waiver's end
// is counted. What is not known is an error; the error joins all that were found,
// each with the line, the field and what would be right.
func Parse(file string, content []byte, checks []preflight.Check, day time.Time) (*Policy, error) {
	r := &reader{file: file, checks: append(slices.Clone(checks), Own()...), day: day}
	p := r.policy(content)
	if r.wrong != nil {
		slices.SortStableFunc(r.wrong, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
		var errs []error
		for _, w := range r.wrong {
			errs = append(errs, fmt.Errorf("%s:%d: %s", file, w.line, w.text))
		}
		return nil, errors.Join(errs...)
	}
	return p, nil
}

type problem struct {
	line int
	text string
}

type reader struct {
	file   string
	checks []preflight.Check
	day    time.Time
	wrong  []problem
}

func (r *reader) errorf(line int, format string, args ...any) {
	r.wrong = append(r.wrong, problem{line, fmt.Sprintf(format, args...)})
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

func (r *reader) policy(content []byte) *Policy {
	var doc, second yaml.Node
	documents := yaml.NewDecoder(bytes.NewReader(content))
	if err := documents.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		line, text := 1, strings.TrimPrefix(err.Error(), "yaml: ")
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
			text = err.Error()[len(m[0]):]
		}
		r.errorf(line, "it is no YAML: %s", text)
		return nil
	}
	if len(doc.Content) == 0 {
		r.errorf(1, "it is empty: begin with apiVersion: %s and kind: %s", APIVersion, Kind)
		return nil
	}
	if err := documents.Decode(&second); !errors.Is(err, io.EOF) {
		r.errorf(max(1, second.Line), "more follows after the policy: a file holds one document")
	}
	top := r.fields(doc.Content[0], "", "apiVersion", "kind", "severities", "thresholds", "waivers")
	if top == nil {
		return nil
	}
	r.constant(top, "apiVersion", APIVersion)
	r.constant(top, "kind", Kind)
	p := &Policy{File: r.file}
	for n, item := range r.list(top["severities"], "severities") {
		p.Severities = append(p.Severities, r.override(item, fmt.Sprintf("severities[%d]", n)))
	}
	for n, item := range r.list(top["thresholds"], "thresholds") {
		p.Thresholds = append(p.Thresholds, r.moved(item, fmt.Sprintf("thresholds[%d]", n))...)
	}
	for n, item := range r.list(top["waivers"], "waivers") {
		p.Waivers = append(p.Waivers, r.waiver(item, fmt.Sprintf("waivers[%d]", n)))
	}
	return p
}

func (r *reader) constant(top entry, field, want string) {
	if got, ok := r.text(top, field, true); ok && got != want {
		r.errorf(top[field].Line, "%s: %q is not known: it is %s", field, got, want)
	}
}

func (r *reader) override(n *yaml.Node, at string) Override {
	e := r.fields(n, at, "check", "subject", "cluster", "severity", "reason")
	if e == nil {
		return Override{}
	}
	o := Override{Scope: r.scope(e, n.Line)}
	text, ok := r.text(e, "severity", true)
	if !ok {
		return o
	}
	if err := o.Severity.UnmarshalText([]byte(text)); err != nil {
		r.errorf(e["severity"].Line, "%s.severity: %v", at, err)
		return o
	}
	i := slices.IndexFunc(r.checks, func(c preflight.Check) bool { return c.ID == o.Check })
	if i >= 0 && r.checks[i].Severity == preflight.Blocker && o.Severity < preflight.Blocker {
		r.errorf(e["severity"].Line, "%s.severity: %s can find blockers, and an override has no end: accept them by a waiver", at, o.Check)
	}
	return o
}

func (r *reader) waiver(n *yaml.Node, at string) Waiver {
	e := r.fields(n, at, "check", "subject", "cluster", "until", "reason", "owner")
	if e == nil {
		return Waiver{}
	}
	w := Waiver{Scope: r.scope(e, n.Line)}
	w.Owner, _ = r.text(e, "owner", false)
	text, ok := r.text(e, "until", true)
	if !ok {
		return w
	}
	var err error
	last := r.day.AddDate(0, 0, MaxDays)
	switch w.Until, err = ParseDay(text); {
	case err != nil:
		r.errorf(e["until"].Line, "%s.until: %v", at, err)
	case w.Until.After(last):
		r.errorf(e["until"].Line, "%s.until: %s is %d days away, and a waiver ends within %d: use %s or a day before it, and renew it then", at, text, daysUntil(w.Until, r.day), MaxDays, last.Format(dateLayout))
	}
	return w
}

func (r *reader) scope(e entry, line int) Scope {
	s := Scope{Line: line}
	s.Subject, _ = r.text(e, "subject", false)
	s.Cluster, _ = r.text(e, "cluster", false)
	s.Reason, _ = r.text(e, "reason", true)
	if name, ok := r.text(e, "check", true); ok {
		id, err := CheckID(name, r.checks)
		if err != nil {
			r.errorf(e["check"].Line, "%s: %v", e.path("check"), err)
		}
		s.Check = id
	}
	return s
}
