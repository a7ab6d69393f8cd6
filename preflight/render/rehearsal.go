package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// rehearsedOf goes on from a headline where the report has been rehearsed. Where the
// report is of the cluster with something changed, it says so, and what came of it as it
// stands.
func rehearsedOf(r preflight.Report) string {
	if len(r.Rehearsals) == 0 {
		return ""
	}
	first, last := r.Rehearsals[0], r.Rehearsals[len(r.Rehearsals)-1]
	said := fmt.Sprintf("%s, %s", last.Outcome, strings.ReplaceAll(string(last.Agreement), "-", " "))
	if len(r.Rehearsals) == 1 {
		return " (rehearsed: " + said + ")"
	}
	return fmt.Sprintf(" (rehearsed: %s as it stands; %s: %s)", first.Outcome, last.Name, said)
}

// Rehearsal writes what was rehearsed and what came of it, beside the forecast. The error
// is w's.
func Rehearsal(w io.Writer, r preflight.Report, o Options) error {
	p := newPage(o)
	p.text(0, bold.of(headlineOf(r)))
	for n, x := range r.Rehearsals {
		if n > 0 {
			p.heading(capital(x.Name))
		} else {
			p.beginning(x)
		}
		p.start(x)
		if err := p.details(x); err != nil {
			return err
		}
	}
	for _, x := range r.Rehearsals {
		p.ledger(x.Ledger)
	}
	p.blank()
	p.text(0, bold.of(headlineOf(r)))
	return p.writeTo(w)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func (p *page) beginning(x rehearsal.Result) {
	if x.Name != "" {
		p.label(2, "Played before", x.Name+".")
	}
	p.label(2, "Rehearsed", fmt.Sprintf("kube-apiserver %s beside %s, with %d recorded objects, on this machine, in %.0f s.", x.To, x.From, x.Loaded.Objects, x.Seconds))
	if c := x.Control; c != nil {
		p.label(2, "Control", fmt.Sprintf("kube-apiserver %s, started once more: %s.", x.From, became(*c)))
	}
}

// start tells what became of the replica, and what was foretold.
func (p *page) start(x rehearsal.Result) {
	for _, l := range x.Lives {
		p.label(2, fmt.Sprintf("Life from %.0f s on", l.Began), lived(l)+".")
	}
	if x.Lives == nil {
		p.label(2, "Really", became(x.Start)+".")
	}
	if x.Start.Fatal != "" {
		p.text(4, x.Start.Fatal)
	}
	p.label(2, "Foretold", string(x.Foretold)+".")
	p.label(2, bold.of(strings.ToUpper(strings.ReplaceAll(string(x.Agreement), "-", " "))), judged(x))
	for _, d := range x.Differences {
		p.item(4, "- ", d)
	}
	for _, d := range x.Problems {
		p.item(4, "- ", d)
	}
}

// judged says what the agreement means.
func judged(x rehearsal.Result) string {
	s := ""
	switch x.Agreement {
	case rehearsal.Agrees:
		s = "what was foretold has happened."
	case rehearsal.Differs:
		s = "this is our bug: send this recording, made anonymous by snapshot --redact."
	case rehearsal.Open:
		s = fmt.Sprintf("the forecast leaves open what becomes of the replica, and here it was %s.", x.Outcome)
	case rehearsal.Nothing:
		s = "nothing can be told from it."
	}
	if len(x.Problems) > 0 && x.Agreement != rehearsal.Nothing {
		s += " It proves less than it could:"
	}
	return s
}

// became says what became of a process.
func became(s rehearsal.Start) string {
	red := ""
	if len(s.Red) > 0 {
		red = "; red: " + strings.Join(s.Red, ", ")
	}
	switch s.State {
	case "ready":
		return fmt.Sprintf("ready after %.1f s", s.Seconds)
	case "exited":
		in := ""
		if s.Hook != "" {
			in = " in PostStartHook " + s.Hook
		}
		return fmt.Sprintf("the process exited with code %d after %.1f s%s", s.ExitCode, s.Seconds, in)
	}
	return fmt.Sprintf("%s when %.0f s were over%s", s.State, s.Seconds, red)
}

func lived(l rehearsal.Life) string {
	s := l.State
	if l.Ready > 0 {
		s += fmt.Sprintf(" after %.1f s", l.Ready)
	}
	if l.Asked > 0 {
		s += fmt.Sprintf(", asked to end after %.0f s", l.Asked)
	}
	if l.Gone > 0 {
		s += fmt.Sprintf(", gone after %.0f s", l.Gone)
	}
	return s
}

// details list the writes and the calls.
func (p *page) details(x rehearsal.Result) error {
	if err := p.rehearsedWrites(x.Writes); err != nil || len(x.Calls) == 0 {
		return err
	}
	var rows [][]string
	for _, c := range x.Calls {
		answer := c.Answer
		if c.Assumed {
			answer += ", assumed"
		}
		rows = append(rows, []string{c.String(), answer, fmt.Sprint(c.Calls)})
	}
	p.blank()
	return p.columns(2, []string{"STAND-IN FOR", "ANSWERED", "CALLS"}, rows)
}

// rehearsedWrites list the writes, those that failed first, and what each was told.
func (p *page) rehearsedWrites(all []rehearsal.Write) error {
	var failed, passed [][]string
	var messages []string
	for _, w := range all {
		if w.Failed == 0 {
			passed = append(passed, []string{w.Write, "passed"})
			continue
		}
		if m := fmt.Sprintf("%d %s", w.Code, w.Message); !slices.Contains(messages, m) {
			messages = append(messages, m)
		}
		failed = append(failed, []string{w.Write, met(w)})
	}
	rows := append(failed, passed...)
	if more := len(rows) - max(maxShown, len(failed)); more > 0 && !p.Wide {
		rows = rows[:len(rows)-more]
		rows = append(rows, []string{fmt.Sprintf("and %d more", more), "passed"})
	}
	p.blank()
	if rows == nil {
		p.text(2, "It made no write, by its audit log.")
		return nil
	}
	if err := p.columns(2, []string{"ITS WRITES, BY ITS AUDIT LOG", "MET"}, rows); err != nil {
		return err
	}
	for n, m := range messages {
		if n == 3 && !p.Wide {
			p.text(2, fmt.Sprintf("and %d other answers: -o wide", len(messages)-n))
			break
		}
		p.item(2, "- ", m)
	}
	return nil
}

func met(w rehearsal.Write) string {
	if w.Failing {
		return fmt.Sprintf("failed %d of %d", w.Failed, w.Tries)
	}
	return fmt.Sprintf("passed after %d of %d failed", w.Failed, w.Tries)
}

// ledger says what stood in for what.
func (p *page) ledger(all []rehearsal.Entry) {
	if len(all) == 0 {
		return
	}
	p.heading("What stood in for what, and what was left out")
	for _, e := range all {
		if e.Stood == "" {
			p.item(2, "- ", e.What+": left out")
			continue
		}
		p.item(2, "- ", e.What+": "+e.Stood)
	}
}
