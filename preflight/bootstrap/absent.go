package bootstrap

import (
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

func (p *planner) priorityClasses() {
	live, ok := facts.PriorityClasses.Get(p.s)
	if !ok {
		return
	}
	p.createAbsent("PriorityClass", live)
}

func (p *planner) namespaces() {
	live, ok := facts.Namespaces.Get(p.s)
	if !ok {
		return
	}
	var names []string
	for _, n := range live {
		names = append(names, n.Name)
	}
	p.createAbsent("Namespace", names)
}

// createAbsent creates the objects of the kind that are not there, and leaves
// alone those that are, whatever is in them.
func (p *planner) createAbsent(kind string, live []string) {
	exists := map[string]bool{}
	for _, name := range live {
		exists[name] = true
	}
	for _, want := range p.recorded(kind, Create) {
		if !exists[want.GetName()] {
			p.create(want)
		}
	}
}
