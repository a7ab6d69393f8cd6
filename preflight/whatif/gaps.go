package whatif

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// gaps say what could not be looked at for want of facts, and of which hook it
// can't be told even today what becomes of it.
func gaps(s *facts.Snapshot, f forecast.Forecast) []string {
	var gs []string
	for _, n := range Needs() {
		if a, absent := s.Absence(n); absent {
			gs = append(gs, fmt.Sprintf("nothing was searched: could not read %s (%s)", n.ID(), a))
		}
	}
	for _, lost := range []struct {
		fact facts.Fact
		what string
	}{
		{facts.BackendPods, "the upgrade of node pools is left out"},
		{facts.DisruptionBudgets, "the upgrade of node pools is left out"},
		{facts.Nodes, "the upgrade of node pools and the loss of zones are left out"},
		{facts.GKENodePools, "each node pool is taken to be upgraded one node at a time"},
		{facts.Attempts, "the expiry of serving certificates is left out"},
		{facts.GKECluster, "certificates are looked at for 30 days, whatever the maintenance window"},
	} {
		if a, absent := s.Absence(lost.fact); absent && a.Reason != facts.LeftOut {
			gs = append(gs, fmt.Sprintf("%s: could not read %s (%s)", lost.what, lost.fact.ID(), a))
		}
	}
	if f.ControlPlane.Problem != "" {
		gs = append(gs, f.ControlPlane.Problem)
	}
	for _, h := range f.ControlPlane.Hooks {
		if h.Outcome == forecast.Unknown && h.AtWorst.Fails() && h.Reason != f.ControlPlane.Problem {
			gs = append(gs, fmt.Sprintf("whether %s fails can't be told even of today: %s", h.Name, h.Reason))
		}
	}
	for _, l := range f.Lifelines {
		if g := lifeline.Group(l.Group); l.Outcome == forecast.Open && l.AtWorst == forecast.Lost && graveLine(g) {
			gs = append(gs, fmt.Sprintf("whether %s are lost can't be told even of today: %s", l.Name, l.Reason))
		}
	}
	return gs
}

// unseen notes the backends of which it is not known what stands behind them, and
// those whose serving certificate nobody saw.
func (m *model) unseen() {
	for _, b := range m.backends {
		switch {
		case !grave(b.harm) || len(b.pods) > 0:
		case b.service == "":
			m.gaps = append(m.gaps, fmt.Sprintf("what takes %s down is not in the model: it is not a Service", b.name))
		default:
			m.gaps = append(m.gaps, fmt.Sprintf("what takes %s down is not known: no ready endpoint of it was seen", b.name))
		}
	}
	if _, ok := facts.Attempts.Get(m.s); !ok {
		return
	}
	var names []string
	for _, b := range m.backends {
		if _, seen := m.lastExpiry(b); !seen && grave(b.harm) {
			names = append(names, b.name)
		}
	}
	if names != nil {
		m.gaps = append(m.gaps, fmt.Sprintf("when the serving certificate of %s expires was not seen: it is seen by a port-forward, or from inside the cluster by --vantage pod-network", strings.Join(names, ", ")))
	}
}
