package rehearse

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
)

// ledger says what stood in for what in this rehearsal, and what could not be part of it.
func (st *stage) ledger(r rehearsal.Result) []rehearsal.Entry {
	all := []rehearsal.Entry{
		{What: "GKE's kube-apiserver " + st.Snapshot.Meta.Target + ", its flags and feature gates",
			Stood: fmt.Sprintf("upstream's %s beside %s, with upstream's defaults", r.To, r.From)},
		{What: "the cluster's etcd, its size and its latency", Stood: fmt.Sprintf("an etcd of its own with %d recorded objects", r.Loaded.Objects)},
		{What: "the backends of webhooks", Stood: "stand-ins that answer as each endpoint was seen to; patches of mutating webhooks are left out"},
		{What: "the way to the backends: Konnectivity, load balancers, firewalls", Stood: "a socket on this machine"},
	}
	if settings := rehearsal.SettingsOf(st.Snapshot); settings.Derived {
		all = append(all, rehearsal.Entry{What: "the range of Services' addresses, which the recording lacks", Stood: settings.ServiceCIDR + ", taken from the Services"})
	}
	if !controlplane.RenamesHosts() {
		all = append(all, rehearsal.Entry{What: "a host name for each API server", Stood: "this machine's for all: the new one finds its identity lease there, and updates it"})
	}
	all = append(all, leftOut(st.Snapshot)...)
	return append(all,
		rehearsal.Entry{What: "controller-manager, scheduler, kubelets and auto-repair: the rehearsal is of the control plane's start alone"})
}

// leftOut is what the recording knows of and does not hold.
func leftOut(s *facts.Snapshot) (all []rehearsal.Entry) {
	for _, k := range rehearsal.Definitions(s) {
		all = append(all, rehearsal.Entry{What: "the definition " + k, Stood: "one that takes anything"})
	}
	if crds, _ := facts.CustomResources.Get(s); len(crds) > 0 {
		all = append(all, rehearsal.Entry{What: fmt.Sprintf("%d CustomResourceDefinitions, their objects and converters", len(crds))})
	}
	aggregated := 0
	services, _ := facts.APIServices.Get(s)
	for _, a := range services {
		if a.Service != "" {
			aggregated++
		}
	}
	if aggregated > 0 {
		all = append(all, rehearsal.Entry{What: fmt.Sprintf("%d aggregated APIs and their servers", aggregated)})
	}
	provider := 0
	for _, in := range rehearsal.StandIns(s) {
		if in.Provider() {
			provider++
		}
	}
	if provider > 0 {
		all = append(all, rehearsal.Entry{What: fmt.Sprintf("%d webhooks that GKE runs beside each API server", provider), Stood: "stand-ins that allow"})
	}
	return all
}
