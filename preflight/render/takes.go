package render

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
)

// poolsTake say how long the upgrade of each node pool takes, and by which arithmetic;
// none where the verdict is not about nodes.
func poolsTake(r preflight.Report) (all []answer) {
	if !r.IsAbout(preflight.NodesStep) {
		return nil
	}
	for _, s := range r.Steps {
		for n, p := range s.Pools {
			if n == fewNamed && len(s.Pools) > fewNamed+1 {
				return append(all, answer{"And", fmt.Sprintf("%d more node pools, one after the other", len(s.Pools)-n)})
			}
			if text := takes(p.Takes); text != "" {
				all = append(all, answer{p.Name + " takes", text + "."})
			}
		}
	}
	return all
}

// takes is an estimate in words; empty for a report that has none.
func takes(e rollout.Estimate) string {
	if e == (rollout.Estimate{}) {
		return ""
	}
	text := e.Range()
	if how := e.How(); how != "" {
		text += " (" + how + ")"
	}
	if e.Earlier > 0 {
		text += fmt.Sprintf("; before it took %s (%s)", rollout.Words(e.Earlier), e.Operation)
	}
	return text
}
