package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// Simulation writes the plan hook by hook, with who would see each write.
func Simulation(w io.Writer, s simulation.Simulation, o Options) error {
	p := newPage(o)
	p.text(0, bold.of(subject(s)))
	if len(s.Added) > 0 {
		p.text(2, "With "+strings.Join(s.Added, ", ")+", as if applied.")
	}
	for _, n := range s.Notes {
		p.item(2, "- ", n)
	}
	if s.Problem != "" {
		p.text(2, s.Problem)
	}
	if len(s.Skipped) > 0 {
		p.text(2, fmt.Sprintf("Not in one upgrade: a control plane goes one minor at a time, and what %s would write on the way is not in this plan.", strings.Join(s.Skipped, ", ")))
	}
	silent := 0
	for _, h := range s.Hooks {
		if len(h.Writes) == 0 && h.Unknown == "" {
			silent++
			continue
		}
		if err := p.simulated(s.Hooks, h); err != nil {
			return err
		}
	}
	if err := p.lifelines(s.Lifelines); err != nil {
		return err
	}
	p.blank()
	if silent > 0 {
		p.text(0, fmt.Sprintf("%d other hooks have nothing to write.", silent))
	}
	p.text(0, bold.of(strings.ToUpper(strings.ReplaceAll(string(s.Verdict), "-", " ")))+": "+meaning(s))
	for _, h := range s.Harms {
		p.item(2, "- ", harm(h))
	}
	p.summary(simulation.Together([]simulation.Simulation{s}))
	return p.writeTo(w)
}

func harm(h simulation.Harm) string {
	perhaps := ""
	if h.Perhaps {
		perhaps = "perhaps "
	}
	return fmt.Sprintf("%s: %s, %s%s: %s", stepOf(h.Part), h.Name, perhaps, h.Outcome, h.Reason)
}

// stepOf is the step of an upgrade in which a part of it is met.
func stepOf(p simulation.Part) string {
	switch p {
	case simulation.Start:
		return "control plane"
	case simulation.Lives:
		return "whatever is upgraded"
	case simulation.Nodes:
		return "nodes"
	}
	return string(p)
}

func subject(s simulation.Simulation) string {
	cluster := "on a cluster of " + strings.TrimPrefix(s.From, "v")
	if s.Problem != "" {
		return fmt.Sprintf("What kube-apiserver %s would write at its start %s is not known", s.Target, cluster)
	}
	return fmt.Sprintf("At its start kube-apiserver %s would make these writes %s", s.Target, cluster)
}

func meaning(s simulation.Simulation) string {
	who := "webhook or policy"
	if len(s.Added) > 0 {
		who = "webhook or policy of the manifests"
	}
	switch s.Verdict {
	case simulation.Clear:
		return "though no " + who + " answered, the replica would get ready, and what the cluster lives by would be kept" + butFor(s.Waiting) + "; and none denies. Nobody was asked."
	case simulation.Endangered:
		return "while no " + who + " answers, or because one denies, this fails. Nobody was asked: gke-preflight check does that."
	case simulation.NoEffect:
		return "nothing of the manifests does anything as written."
	case simulation.Undecided:
		return "whether a " + who + " keeps the replica from getting ready, or takes what the cluster lives by, can't be told."
	}
	return ""
}

// butFor names the lines that stand still until somebody answers; empty for none.
func butFor(lines []string) string {
	if lines == nil {
		return ""
	}
	return ", but for what waits until one does (" + words.Some(lines, fewNamed) + ")"
}

// lifelines lists those of the writes that the cluster lives by which somebody sees.
func (p *page) lifelines(lines []simulation.Lifeline) error {
	var rows [][]string
	for _, l := range lines {
		for _, w := range l.Writes {
			if len(w.InterceptedBy) > 0 {
				name := strings.TrimPrefix(w.Namespace+"/"+w.Name, "/")
				rows = append(rows, []string{l.Name, w.Verb + " " + w.Resource + " " + name, w.User, interceptors(w.Write)})
			}
		}
	}
	p.heading("What the cluster lives by beside the start")
	if rows == nil {
		p.text(2, "No webhook or policy sees any of it.")
		return nil
	}
	return p.columns(2, []string{"LINE", "WRITE", "BY", "SEEN BY"}, rows)
}

func (p *page) simulated(all []simulation.Hook, h simulation.Hook) error {
	p.heading(h.Name)
	p.text(2, "If a write fails: "+cmp.Or(waiting(all, h), ifItFails(h))+".")
	if h.Unknown != "" {
		p.text(2, "Not known: "+h.Unknown+".")
	}
	var rows [][]string
	for _, w := range h.Writes {
		name := w.Verb + " " + w.Resource + " "
		if w.Namespace != "" {
			name += w.Namespace + "/"
		}
		name += w.Name
		if w.When != "" {
			name += " (" + w.When + ")"
		}
		rows = append(rows, []string{name, interceptors(w)})
	}
	for _, w := range h.BestEffort {
		rows = append(rows, []string{fmt.Sprintf("%s %s %s/%s (best effort: nobody waits for it)", w.Verb, w.Resource, w.Namespace, w.Name), interceptors(w)})
	}
	if rows == nil {
		return nil
	}
	return p.columns(2, []string{"WRITE", "SEEN BY"}, rows)
}

func ifItFails(h simulation.Hook) string {
	switch bootstrap.Failing(h.Failing) {
	case bootstrap.ExitAtOnce:
		return "the process exits at once"
	case bootstrap.ExitAfterPasses:
		return fmt.Sprintf("whole passes are repeated, and the process exits after %.0f s", h.DeadlineSeconds)
	case bootstrap.ExitAtDeadline:
		return fmt.Sprintf("the process exits %.0f s after the hook's begin", h.DeadlineSeconds)
	case bootstrap.NeverReady:
		return "the replica runs on and never gets ready"
	case bootstrap.Retry:
	}
	return "it is tried again in the background; the replica gets ready without"
}

// waiting says what becomes of the hook that waits for h; empty if none does.
func waiting(all []simulation.Hook, h simulation.Hook) string {
	for _, other := range all {
		if other.WaitsFor == h.Name && other.Fatal {
			return fmt.Sprintf("it is tried again without end, and %s, which waits for it, ends the process after %.0f s", other.Name, other.DeadlineSeconds)
		}
	}
	return ""
}

func interceptors(w simulation.Write) string {
	if len(w.InterceptedBy) == 0 {
		return "-"
	}
	var names []string
	for _, i := range w.InterceptedBy {
		n := i.Name
		if i.Webhook != "" && i.Webhook != i.Name {
			n += " (" + i.Webhook + ")"
		}
		switch {
		case i.Undecided != "":
			n += ", perhaps: " + i.Undecided
		case i.Denial != "":
			n += " denies: " + i.Denial
		case i.AtStart != "":
			n += ", at first perhaps denied: " + i.AtStart
		case i.TimeoutSeconds > 0:
			n += fmt.Sprintf(", %s, %.0f s", i.FailurePolicy, i.TimeoutSeconds)
		default:
			n += " admits"
		}
		names = append(names, n)
	}
	return strings.Join(names, "; ")
}
