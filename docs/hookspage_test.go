package docs_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var update = flag.Bool("update", false, "rewrite hooks.md")

// TestHooksPage generates hooks.md from the table of hooks and from the
// catalogue. "make catalogue" rewrites it.
func TestHooksPage(t *testing.T) {
	p := hooksPage{minors: catalogue.All()}
	for i, m := range p.minors[1:] {
		p.hops = append(p.hops, hop{p.minors[i].Line(), m.Line(), planned(t, p.minors[i].Line(), m.Line())})
	}
	p.newest = p.minors[len(p.minors)-1]
	p.start = planned(t, p.newest.Line(), p.newest.Line())
	got := docs.WithContents(p.write())
	if *update {
		if err := os.WriteFile("hooks.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, _ := docs.Page("hooks")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("hooks.md is out of date, run make catalogue (- committed, + now):\n%s", d)
	}
}

func planned(t *testing.T, from, to string) []bootstrap.Write {
	t.Helper()
	untouched, _ := bootstrap.Untouched(from)
	plan := bootstrap.Of(facts.New(facts.Meta{Target: to}, untouched...))
	if plan.Problem != "" || plan.Unknown != nil {
		t.Fatalf("%s to %s: %s %v", from, to, plan.Problem, plan.Unknown)
	}
	return plan.Writes
}

// hooksPage is what the page is made from.
type hooksPage struct {
	minors []catalogue.Minor
	newest catalogue.Minor
	// start is what any start of the newest minor writes.
	start []bootstrap.Write
	hops  []hop
	b     strings.Builder
}

// A hop is an upgrade to the next minor, and its plan on an untouched cluster.
type hop struct {
	from, to string
	writes   []bootstrap.Write
}

func (p *hooksPage) write() string {
	p.line(intro, p.minors[0].Version, p.newest.Version)
	p.mechanics()
	p.line("## The hooks at a glance\n")
	p.table("hook|minors|if a write fails|holds up readiness")
	for _, h := range p.hooks() {
		for _, r := range alike(h) {
			p.row("["+r.Name+"](hooks/"+r.Name+".md)", r.span(), brief(r.Hook), yes(r.Blocks))
		}
	}
	p.line("")
	for _, h := range p.hooks() {
		p.hook(h)
	}
	for _, h := range p.hops {
		p.hop(h)
	}
	p.line(history, link("1.13.0", "kubernetes", "pkg/master/client_ca_hook.go", "PostStartHook"),
		link("1.13.0", "kubernetes", "pkg/master/client_ca_hook.go", "tryToWriteClientCAs"))
	return strings.TrimRight(p.b.String(), "\n") + "\n"
}

func (p *hooksPage) line(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }

func (p *hooksPage) table(columns string) {
	heads := strings.Split(columns, "|")
	p.row(heads...)
	p.line("%s|", strings.Repeat("|---", len(heads)))
}

func (p *hooksPage) row(cells ...string) { p.line("| %s |", strings.Join(cells, " | ")) }

// A span is a hook as it is in a range of the catalogue's minors.
type span struct {
	bootstrap.Hook
	first, last catalogue.Minor
}

func (s span) span() string {
	if s.first.Version == s.last.Version {
		return s.first.Line()
	}
	return s.first.Line() + " to " + s.last.Line()
}

// hooks are the hooks of any minor in catalogue order, each with what is known
// of it in which minors.
func (p *hooksPage) hooks() [][]span {
	var all [][]span
	for _, m := range p.minors {
		for _, h := range bootstrap.HooksOf(m.Line()) {
			n := slices.IndexFunc(all, func(s []span) bool { return s[0].Name == h.Name })
			if n < 0 {
				all = append(all, []span{{h, m, m}})
				continue
			}
			if last := &all[n][len(all[n])-1]; last.Hook == h {
				last.last = m
			} else {
				all[n] = append(all[n], span{h, m, m})
			}
		}
	}
	return all
}

// alike joins the spans that the table at the beginning says the same of.
func alike(spans []span) []span {
	var joined []span
	for _, s := range spans {
		if n := len(joined) - 1; n >= 0 && brief(joined[n].Hook) == brief(s.Hook) && joined[n].Blocks == s.Blocks {
			joined[n].last = s.last
			continue
		}
		joined = append(joined, s)
	}
	return joined
}

func (p *hooksPage) hook(spans []span) {
	name := spans[0].Name
	p.line("## %s\n", name)
	p.line("[Its page](hooks/%s.md) says how to look at it, and what to do when it fails.\n", name)
	p.table("minors|while a write fails|read in")
	for _, s := range spans {
		p.row(s.span(), inWords(s.Hook), sources(s))
	}
	p.line("")
	var facts []string
	if fresh := tally(p.newest.Writes, name); fresh != "" {
		facts = append(facts, fmt.Sprintf("Over an empty etcd %s writes %s.", p.newest.Version, fresh))
	}
	if always := names(p.start, name, func(w bootstrap.Write) bool { return w.EveryStart }); always != "" {
		facts = append(facts, "Every start: "+always+".")
	}
	if perhaps := names(p.start, name, func(w bootstrap.Write) bool { return !w.EveryStart && w.Condition != "" }); perhaps != "" {
		facts = append(facts, "Any start may: "+perhaps+".")
	}
	for _, h := range p.hops {
		if changed := count(h.writes, name); changed != "" {
			facts = append(facts, fmt.Sprintf("From %s to %s on an untouched cluster: %s.", h.from, h.to, changed))
		}
	}
	if facts == nil {
		facts = []string{"It writes nothing at a fresh start, at a restart or at an upgrade of an untouched cluster; what it writes follows from other objects."}
	}
	for _, f := range facts {
		p.line("- %s", f)
	}
	p.line("")
}

func (p *hooksPage) hop(h hop) {
	p.line("## From %s to %s\n", h.from, h.to)
	writes := slices.DeleteFunc(slices.Clone(h.writes), func(w bootstrap.Write) bool { return w.EveryStart || w.Condition != "" })
	p.line("%s on a cluster that nobody touched, beyond what every start writes.\n", words.Count(len(writes), "write"))
	if slices.ContainsFunc(writes, func(w bootstrap.Write) bool { return w.Resource.Resource == "ipaddresses" }) {
		p.line("Such a cluster has one Service; another one has an IPAddress for each of its cluster IPs.\n")
	}
	p.table("hook|write|object")
	for _, w := range writes {
		object := w.Name
		if w.Namespace != "" {
			object = w.Namespace + "/" + w.Name
		}
		p.row(w.Hook, string(w.Operation)+" "+w.ResourceName(), object)
	}
	p.line("")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
