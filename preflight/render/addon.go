package render

import (
	"slices"

	g "maragu.dev/gomponents"
	"maragu.dev/gomponents/html"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
)

// mapped are the add-ons of the map by the finding that tells of each: the one that leads
// its worst cause, so that none is told of twice.
type mapped map[mappedBy]preflight.KnownAddon

// A mappedBy names a finding.
type mappedBy struct {
	check   string
	subject preflight.Subject
}

func mappedOf(r preflight.Report) mapped {
	m, told := mapped{}, map[string]bool{}
	for _, c := range preflight.Causes(r.Findings) {
		a := c.Lead.Addon
		if a == nil || told[a.Name] {
			continue
		}
		// A stored report may hold any name and any link.
		if known, ok := addons.Find(a.Name); ok && a.Docs == preflight.AddonURL(known) {
			told[a.Name], m[mappedBy{c.Lead.Check, c.Lead.Subject}] = true, *a
		}
	}
	return m
}

// of is the add-on that the finding tells of; false where it is told of elsewhere, or
// nothing is known.
func (m mapped) of(f preflight.Finding) (preflight.KnownAddon, bool) {
	a, ok := m[mappedBy{f.Check, f.Subject}]
	return a, ok
}

// said is what the map knows of the finding's culprit, in a line that ends with the page's
// URL; empty where [mapped.of] has none.
func (m mapped) said(f preflight.Finding) string {
	a, ok := m.of(f)
	if !ok {
		return ""
	}
	return addonWords(a) + " (" + a.Docs + ")"
}

// also is said, on a line of its own after another text.
func (m mapped) also(f preflight.Finding) string {
	if said := m.said(f); said != "" {
		return "\n\n" + said
	}
	return ""
}

// addonWords says that an add-on is on the map, and what to set.
func addonWords(a preflight.KnownAddon) string {
	return a.Title + " is on the map of add-ons" + whatToSet(a)
}

// whatToSet is what makes the add-on safe, after its name; empty where none is known.
func whatToSet(a preflight.KnownAddon) string {
	switch {
	case a.Do != "":
		return ": " + a.Do
	case !simulation.Worse(a.Verdict, simulation.Clear):
		return ", clear as its makers ship it"
	}
	return ""
}

// addon writes the line on the culprit's add-on, where the findings end with how its page
// is printed, or ends with that itself.
func (v *view) addon(f preflight.Finding) {
	a, ok := v.mapped.of(f)
	if !ok {
		return
	}
	said := a.Title + whatToSet(a)
	if v.Wide {
		said += " (gke-preflight explain " + mapTopic(a) + ")"
	} else if !slices.Contains(v.topics, mapTopic(a)) {
		v.topics = append(v.topics, mapTopic(a))
	}
	v.label(4, "On the map", said)
}

// mapTopic is the page on the add-on, as explain takes it.
func mapTopic(a preflight.KnownAddon) string {
	if known, ok := addons.Find(a.Name); ok && known.Paged() {
		return known.Name
	}
	return "map"
}

// addon writes the line on the culprit's add-on, as a link to its page.
func (m markdown) addon(a preflight.KnownAddon) {
	m.line("")
	m.line("  On the map: [" + escape(addonWords(a)) + "](" + a.Docs + ")")
}

func addonHTML(a *preflight.KnownAddon) g.Node {
	if a == nil {
		return nil
	}
	return html.P(html.Class("do"), html.B(g.Text("On the map:")), g.Text(" "), html.A(html.Href(a.Docs), g.Text(addonWords(*a))))
}
