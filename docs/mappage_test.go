package docs_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// TestMapPages generates map.md, and the page of each add-on that is not clear, from the
// rows of package addons. "make pages" rewrites them.
func TestMapPages(t *testing.T) {
	pages := map[string]string{"map.md": mapPage()}
	for _, a := range addons.Index() {
		if a.Paged() {
			pages["map/"+a.Name+".md"] = addonPage(a)
		}
	}
	found, err := filepath.Glob("map/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		if _, ok := pages[filepath.ToSlash(file)]; !ok {
			if *update {
				_ = os.Remove(file)
				continue
			}
			t.Errorf("%s is of no add-on that needs a page: run make pages", file)
		}
	}
	for file, want := range pages {
		want = docs.WithContents(want)
		if *update {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s is not what the map says: run make pages", file)
		}
	}
}

const mapIntro = `# The map of add-ons

Which add-on endangers which upgrade, as it is installed by default: %d of them, judged
as ` + "`gke-preflight simulate`" + ` judges a manifest, on an untouched cluster, on every step from
%s to %s.

Each is judged with a backend that answers at once, and with one that is **down**: it
takes the connection and never answers, as after a node is lost or while the network to
it is. What is told below is of the latter; no row fails with a backend that is well.

- **start**: the new replica of the control plane does not get ready.
- **lifelines**: the cluster loses what it lives by, whatever is upgraded: see
  [lifelines](lifelines.md).
- **nodes**: an upgrade of node pools gets stuck, or Pods don't come back.

*lost* is certain while the backend is down, *open* hangs on what no manifest shows:
labels of the Pods in kube-system, or webhooks that are made when the software runs. A
cluster of yours differs from a default one: ` + "`gke-preflight check`" + ` looks at what is there,
and asks the backends.

Seen as: *recorded* while it ran, its webhooks registered by its own programs on a real API
server; *rendered* from the makers' chart, kustomization or manifest; *source*: written
down by its source or, of Open Policy Agent, by its tutorials, and not seen running.
`

func mapPage() string {
	var b strings.Builder
	minors := bootstrap.Minors()
	fmt.Fprintf(&b, mapIntro, mapped(), minors[0], minors[len(minors)-1])
	for _, s := range []struct {
		title string
		of    simulation.Verdict
	}{
		{"Endangered", simulation.Endangered}, {"Open", simulation.Undecided},
	} {
		fmt.Fprintf(&b, "\n## %s\n\n| add-on | as | seen as | start | lifelines | nodes |\n|---|---|---|---|---|---|\n", s.title)
		for _, r := range addons.Rows() {
			if r.Verdict == s.of {
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", strings.TrimSpace(fmt.Sprintf("[%s](map/%s.md) %s", title(r.Addon), r.Addon, r.Version)), r.As, r.Seen, parts(r))
			}
		}
	}
	b.WriteString(held())
	b.WriteString(clearRows())
	b.WriteString(confirmed())
	b.WriteString(mapEnd)
	return b.String()
}

const mapEnd = `
## Kept current

` + "`make map`" + ` renders and judges all of it again, and writes preflight/addons/map.json and
these pages: the same bytes, as long as the versions in preflight/addons/index.yaml stay.
What is served as a Go module it fetches from the module proxy; of other repositories it
takes checkouts, ` + "`make map CHECKOUTS=DIR`" + `, each in DIR/OWNER/NAME, and leaves the rows of
those that are not there as they are. Nothing of theirs is kept here.

What an add-on registers when it runs, ` + "`make record-addons`" + ` records: it builds the add-on's
programs from their Go modules, starts them against etcd and kube-apiserver with what their
chart renders to and a policy of testdata/map/policies, and writes testdata/map/recorded.
Of cert-manager this takes a checkout, whose main packages no module holds. The rows as JSON:

` + "```" + `
gke-preflight explain map -o json
` + "```" + `
`

// held are the rows that hold a write up and are not endangered.
func held() string {
	var rows []addons.Row
	for _, r := range addons.Rows() {
		if r.HoldsUpSeconds > 0 && r.Verdict != simulation.Endangered {
			rows = append(rows, r)
		}
	}
	slices.SortStableFunc(rows, func(a, b addons.Row) int { return cmp.Compare(b.HoldsUpSeconds, a.HoldsUpSeconds) })
	var b strings.Builder
	b.WriteString("\n## Slow, not fatal\n\nWhile their backends are down, those of their webhooks that fail open let every write pass\nthat they see, after so long; what the others do stands above.\n\n| add-on | as | seconds | what waits |\n|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s %s | %s | %g | %s |\n", title(r.Addon), r.Version, r.As, r.HoldsUpSeconds, words.Some(r.Sees, min(3, len(r.Sees))))
	}
	return b.String()
}

func clearRows() string {
	var b strings.Builder
	b.WriteString("\n## Clear\n\n| add-on | as | seen as | sees |\n|---|---|---|---|\n")
	for _, r := range addons.Rows() {
		if r.Verdict == simulation.Clear || r.Verdict == simulation.NoEffect {
			fmt.Fprintf(&b, "| %s %s | %s | %s | %s |\n", title(r.Addon), r.Version, r.As, r.Seen, sees(r))
		}
	}
	return b.String()
}

func sees(r addons.Row) string {
	switch {
	case len(r.Registers) == 0:
		return "nothing: it registers nothing"
	case len(r.Sees) == 0:
		return "nothing of an upgrade"
	}
	return words.Some(r.Sees, min(3, len(r.Sees)))
}

// mapped is how many add-ons are on the map.
func mapped() (n int) {
	for _, a := range addons.Index() {
		if len(a.Installs) > 0 {
			n++
		}
	}
	return n
}

// confirmed are the rows that were held against a real upgrade.
func confirmed() string {
	var b strings.Builder
	for _, a := range addons.Index() {
		for _, i := range a.Installs {
			if i.Confirmed != "" {
				fmt.Fprintf(&b, "| %s | %s | %s |\n", a.Title, i.As, i.Confirmed)
			}
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "\n## Confirmed by a real upgrade\n\nOf API servers of the two minors, with a backend behind the Service that takes\nconnections and says nothing, past what was recorded or, of add-ons not seen running, past what\ntheir source registers: no chart of those holds it. `make test` makes it again, and\n`make test-addons` the starts that are not clear, which take minutes.\n\n| add-on | as | what happened |\n|---|---|---|\n" + b.String()
}

func title(name string) string {
	a, _ := addons.Find(name)
	return a.Title
}

// parts are the three cells of a row, each the worst of its steps.
func parts(r addons.Row) string {
	var start, lives, nodes simulation.Verdict
	for _, s := range r.Steps {
		start, lives, nodes = worst(start, s.Down.Start), worst(lives, s.Down.Lifelines), worst(nodes, s.Down.Nodes)
	}
	return said(start) + " | " + said(lives) + " | " + said(nodes)
}

func worst(a, b simulation.Verdict) simulation.Verdict {
	if simulation.Worse(b, a) {
		return b
	}
	return a
}

func said(v simulation.Verdict) string {
	switch v {
	case simulation.Endangered:
		return "lost"
	case simulation.Undecided:
		return "open"
	case simulation.Clear, simulation.NoEffect:
	}
	return "-"
}

// addonPage is the page of one add-on.
func addonPage(a addons.Addon) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\nWhat %s makes of an upgrade while its backend is down: a row of the [map of\nadd-ons](../map.md), which says how it is judged. `gke-preflight check` looks at what is\nreally installed, and asks whether it answers.\n", a.Title, a.Title)
	for _, r := range addons.Rows() {
		if r.Addon == a.Name {
			b.WriteString(rowSection(r))
		}
	}
	return b.String()
}

func rowSection(r addons.Row) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s.\n", upper(r.As), verdict(r), origin(r))
	if len(r.Registers) > 0 {
		b.WriteString("\nIt registers:\n\n")
		b.WriteString(registered(r.Registers))
	}
	if len(r.Sees) > 0 {
		fmt.Fprintf(&b, "\nOf what an upgrade needs it would see: %s.\n", strings.Join(r.Sees, ", "))
	}
	if len(r.Lost) > 0 {
		b.WriteString("\nLost while the backend is down:\n\n| what | by | then |\n|---|---|---|\n")
		for _, l := range r.Lost {
			name := l.Name
			if l.Perhaps {
				name += ", perhaps"
			}
			if l.Only != nil {
				name += " (" + words.Some(l.Only, min(2, len(l.Only))) + ")"
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", name, strings.Join(l.By, ", "), l.Consequence)
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n- %s.\n", n)
	}
	for _, s := range r.Safe {
		fmt.Fprintf(&b, "\n**To make it safe**: %s. Judged again with that: %s.\n", s.Say, outcome(s))
		if s.Set != "" {
			fmt.Fprintf(&b, "\n```yaml\n%s```\n", s.Set)
		}
	}
	return b.String()
}

func outcome(s addons.Judged) string {
	if s.Verdict == simulation.Clear {
		return "clear on every step"
	}
	return fmt.Sprintf("%s; left is %s", s.Verdict, strings.Join(s.Left, ", "))
}

func origin(r addons.Row) string {
	switch r.Seen {
	case addons.Recorded:
		return fmt.Sprintf("Recorded on %s running %s, as %s holds", r.Read, r.Version, r.Origin)
	case addons.FromSource:
		return fmt.Sprintf("Read on %s from %s; version %s, not seen running", r.Read, r.Origin, cmp.Or(r.Version, "not told"))
	case addons.Rendered:
	}
	return fmt.Sprintf("Read on %s from %s", r.Read, r.Origin)
}

func verdict(r addons.Row) string {
	var b strings.Builder
	for n, s := range r.Steps {
		if n > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "From %s to %s: start %s, lifelines %s, nodes %s.", s.From, s.To, s.Down.Start, s.Down.Lifelines, s.Down.Nodes)
	}
	return b.String()
}

// registered are the webhooks, those that behave alike together.
func registered(all []addons.Registered) string {
	type key struct {
		kind, name, policy string
		timeout            int32
	}
	var keys []key
	webhooks := map[key][]string{}
	for _, r := range all {
		k := key{r.Kind, r.Name, r.FailurePolicy, r.TimeoutSeconds}
		if webhooks[k] == nil {
			keys = append(keys, k)
		}
		webhooks[k] = append(webhooks[k], cmp.Or(r.Webhook, "the policy itself"))
	}
	var b strings.Builder
	for _, k := range keys {
		fmt.Fprintf(&b, "- %s %s, %s", k.kind, k.name, k.policy)
		if k.timeout > 0 {
			fmt.Fprintf(&b, ", %d s", k.timeout)
		}
		fmt.Fprintf(&b, ": %s\n", words.Some(webhooks[k], min(4, len(webhooks[k]))))
	}
	return b.String()
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
