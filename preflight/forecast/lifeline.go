package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// A Fate is what becomes of a [Lifeline].
type Fate string

const (
	// Kept: its writes are admitted as usual.
	Kept Fate = "kept"
	// Slowed: they are admitted after a wait that their client bears.
	Slowed Fate = "slowed"
	// Lost: one of them at least is rejected, or its client gives it up.
	Lost Fate = "lost"
	// Open: what was seen does not decide it.
	Open Fate = "unknown"
)

// A Lifeline is what becomes of one thing that the cluster lives by, apart from
// the control plane's own start.
type Lifeline struct {
	// Group is one of the groups of package lifeline.
	Group string `json:"group"`
	Name  string `json:"name"`
	// Namespace is that of the pods of a webhook's backend; empty for other lines.
	Namespace string `json:"namespace,omitempty"`
	Outcome   Fate   `json:"outcome"`
	// AtWorst is the outcome that can't be ruled out; empty unless Outcome is unknown.
	AtWorst Fate `json:"atWorst,omitempty"`
	// Draws says that the outcome is unknown only because it hangs on which endpoint of
	// a webhook's Service is called: some are known to keep the line, others to bring
	// about what is at worst.
	Draws bool `json:"draws,omitempty"`
	// DeadlineSeconds is how long the client waits; zero where only the server's
	// 34 s bound it.
	DeadlineSeconds float64 `json:"deadlineSeconds,omitempty"`
	// Consequence is what follows when the line is lost, Cited what says so.
	Consequence string `json:"consequence"`
	Cited       string `json:"cited,omitempty"`
	// Reason says what the outcome comes from; empty for a line that is kept.
	Reason string `json:"reason,omitempty"`
	// Cause is Reason without how many writes of which line it is: lines with one cause
	// can be told together.
	Cause  string          `json:"-"`
	Writes []LifelineWrite `json:"writes,omitempty"`
	// Source is the upstream file and function of the client.
	Source string `json:"source,omitempty"`
}

// A LifelineWrite is one write of a line, and who makes it.
type LifelineWrite struct {
	User string `json:"user"`
	// Namespaces are those whose like writes this one stands for, its own among them: the
	// same webhooks and policies see them. It is absent for a line that is kept, and for a
	// write that stands for no other namespace's.
	Namespaces []string `json:"namespaces,omitempty"`
	// Pools are the node pools that the pods of those writes are on, sorted: no other's
	// upgrade needs them. It is absent where the upgrade of any pool may need them, for a
	// line that is kept or is open for want of what could not be read, and in reports of
	// earlier versions.
	Pools []string `json:"pools,omitempty"`
	Write
}

func lifelines(s *facts.Snapshot, attempts []facts.Attempt) []Lifeline {
	c := newCaller(s, attempts)
	for _, i := range admission.Intercept(s) {
		c.prove(i.Write, i.By)
	}
	byLine := map[string][]admission.Intercepted{}
	for _, i := range lifeline.Intercept(s) {
		byLine[i.Write.Hook] = append(byLine[i.Write.Hook], i)
	}
	unread := unread(s)
	found := []Lifeline{}
	for _, l := range lifeline.Of(s) {
		found = append(found, throughLine(l, byLine[l.Name], cmp.Or(l.Unknown, unread), c.stand))
	}
	return found
}

// throughLine foretells what becomes of l, with its writes as judge takes them
// through what intercepts them; unknown says what could not be read, if anything.
func throughLine(l lifeline.Line, writes []admission.Intercepted, unknown string, judge func(bootstrap.Write, []admission.Interception, time.Duration) simulated) Lifeline {
	r := Lifeline{
		Group: string(l.Group), Name: l.Name, Namespace: l.Namespace, DeadlineSeconds: l.Deadline.Seconds(),
		Consequence: l.Consequence, Cited: l.Cited, Source: l.Source,
	}
	limit := min(writeLimit, cmp.Or(l.Deadline, writeLimit))
	best, worst, seen := Kept, Kept, Kept
	for _, w := range writes {
		s := judge(w.Write, w.By, limit)
		best, worst, seen = worse(best, fate(s.best)), worse(worst, fate(s.worst)), worse(seen, fate(s.drawnWorst()))
		r.Writes = append(r.Writes, LifelineWrite{w.Write.User.Name, w.Write.Namespaces, w.Write.Pools, s.report()})
	}
	if unknown != "" {
		worst = Lost
	}
	r.Outcome = best
	if best != worst && best != Lost {
		r.Outcome, r.AtWorst, r.Draws = Open, worst, seen == worst
	}
	for n := range r.Writes {
		if r.Outcome == Kept {
			r.Writes[n].Namespaces = nil
		}
		if r.Outcome == Kept || r.Outcome == Open && unknown != "" { // what could not be read may be of any pool
			r.Writes[n].Pools = nil
		}
	}
	r.Reason, r.Cause = r.reason(unknown, l.Deadline)
	return r
}

func fate(b bound) Fate {
	switch {
	case b.rejects:
		return Lost
	case b.cost >= slow:
		return Slowed
	}
	return Kept
}

func worse(a, b Fate) Fate {
	order := []Fate{Kept, Slowed, Lost}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// stand is [caller.simulate] for a write that may be a sketch, and that no
// dry-run was made of. What is said to a sketch is said to no write in
// particular, so a denial of it decides nothing, where that of a real object does: one
// such write at least is rejected. A webhook of which it can't
// be told whether it sees the write does no more than it did when it was asked.
func (c *caller) stand(w bootstrap.Write, by []admission.Interception, limit time.Duration) simulated {
	s := simulated{Write: w, by: by, limit: limit}
	for _, i := range by {
		s.calls = append(s.calls, c.met(i, w))
	}
	s.meet()
	return s
}

// met is what one that intercepts does to the write.
func (c *caller) met(i admission.Interception, w bootstrap.Write) call {
	if c.sent(i, w) {
		i.Undecided = ""
	} else if k, known := c.evaluation(i, w); known {
		return k
	}
	k := c.of(i, w)
	if !c.eachCall {
		k = k.redrawn()
	}
	switch {
	case i.Undecided != "" && i.Kind.IsWebhook():
		seen := i
		seen.Undecided = ""
		asked := c.of(seen, w)
		if c.refused(i, w, asked) {
			return asked
		}
		k.worst = asked.worst
	case w.Sketch && k.answer == facts.Denied && i.Denial == "" && !c.refused(i, w, k):
		k.best.rejects = false
		k.detail = strings.TrimSuffix("that was a sketch of such a write, which says little of a real one: "+k.detail, ": ")
	case w.Sketch && k.answer == facts.Allowed && k.attempt.Unread != "":
		k.worst.rejects = true
		k.detail = "that was a sketch of such a write, and it may be that a real one is denied: " + k.attempt.Unread
	}
	return k
}

// refused reports whether the call was seen to deny a real object of those that the write
// stands for.
func (c *caller) refused(i admission.Interception, w bootstrap.Write, k call) bool {
	return k.answer == facts.Denied && k.best.rejects && k.attempt.Shown != "" && about(k.attempt, w) && !c.unapplied(i.Culprit())
}

// sent reports whether a webhook was found to be sent one real object of those that the
// write stands for, where a sketch does not tell.
func (c *caller) sent(i admission.Interception, w bootstrap.Write) bool {
	return i.Undecided != "" && i.Unseen == "" && !c.unapplied(i.Culprit()) && slices.ContainsFunc(c.evaluated[i.Culprit()], func(a facts.Attempt) bool {
		return about(a, w) && a.Answer == facts.NotAsked && a.Shown != ""
	})
}

// evaluation is what the API server's own code came to for the real objects that the write
// stands for, where a sketch does not tell: a policy that denies one of them, or lets all of
// them pass, and a webhook that would be sent none; false where it was not found out, or for
// objects that may be changed before by what could not be read.
func (c *caller) evaluation(i admission.Interception, w bootstrap.Write) (call, bool) {
	if i.Undecided == "" || i.Unseen != "" || c.unapplied(i.Culprit()) {
		return call{}, false
	}
	for _, a := range c.evaluated[i.Culprit()] {
		if !about(a, w) {
			continue
		}
		k := call{answer: a.Answer, attempt: a, detail: a.Detail}
		k.best.rejects = a.Answer == facts.Denied
		k.worst = k.best
		return k, true
	}
	return call{}, false
}

// reason says in words where the outcome comes from, and the cause without how many
// writes of which line it is.
func (l Lifeline) reason(unknown string, deadline time.Duration) (reason, cause string) {
	if l.Outcome == Kept {
		return "", ""
	}
	n, verb := 0, map[Fate]string{Slowed: "held up", Lost: "rejected", Open: "undecided"}[l.Outcome]
	cs := l.AtFault()
	for _, w := range l.Writes {
		if w.Effect != Passes {
			n++
		}
	}
	if len(cs) > 0 && l.Outcome == Lost && cs[0].Effect != Rejects {
		verb = fmt.Sprintf("held up beyond the client's %v", cmp.Or(deadline, writeLimit))
	}
	var by []string
	for _, c := range cs {
		said := c.Says()
		if l.Outcome == Open && c.Answer == string(facts.Denied) {
			said += ": " + c.Detail
		}
		by = append(by, fmt.Sprintf("%s, failurePolicy %s, which %s", c, c.FailurePolicy, said))
	}
	if by == nil {
		return unknown, unknown
	}
	does := fmt.Sprintf("%s by %s", verb, strings.Join(by, "; by "))
	if l.Outcome == Open && unknown != "" {
		does += "; and " + unknown
	}
	return fmt.Sprintf("%s of %s %s", words.Count(n, "write"), l.Name, does), "writes " + does
}
