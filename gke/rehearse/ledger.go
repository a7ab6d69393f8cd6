package rehearse

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/rehearsal"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// ledger says what stood in for what in this rehearsal, and what could not be part of it.
func (st *stage) ledger(r rehearsal.Result) []rehearsal.Entry {
	all := []rehearsal.Entry{
		{What: "GKE's kube-apiserver " + st.Snapshot.Meta.Target + ", its flags and feature gates",
			Stood: fmt.Sprintf("upstream's %s beside %s, with upstream's defaults", r.To, r.From)},
		{What: "the cluster's etcd, its size and its latency", Stood: fmt.Sprintf("an etcd of its own with %d recorded objects", r.Loaded.Objects)},
		{What: "the backends of webhooks", Stood: "stand-ins that answer as each endpoint was seen to, with the patches that were seen"},
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
		rehearsal.Entry{What: "ResourceQuotas, annotations that no API server compares, and IPAddresses that no Service holds"},
		rehearsal.Entry{What: "controller-manager, scheduler, kubelets and auto-repair: the rehearsal is of the control plane's start alone"})
}

// leftOut is what the recording knows of and does not hold.
func leftOut(s *facts.Snapshot) (all []rehearsal.Entry) {
	loaded, madeUp, others := rehearsal.Definitions(s)
	if n := loaded - len(madeUp); n > 0 {
		all = append(all, rehearsal.Entry{What: fmt.Sprintf("the schemas of %s, their objects and converters", words.Count(n, "CustomResourceDefinition")),
			Stood: "their names, scope and versions, with a schema that takes anything"})
	}
	for _, k := range madeUp {
		all = append(all, rehearsal.Entry{What: "the definition " + k + ", which is not recorded", Stood: "one that takes anything"})
	}
	if others > 0 {
		all = append(all, rehearsal.Entry{What: fmt.Sprintf("%s: not recorded, not established, or more than %d", words.Count(others, "CustomResourceDefinition"), rehearsal.MostDefinitions)})
	}
	all = append(all, unrecorded(s)...)
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

// unrecorded is what recordings of this version hold and the one at hand does not.
func unrecorded(s *facts.Snapshot) (all []rehearsal.Entry) {
	note := func(missing bool, what, stood string) {
		if missing {
			all = append(all, rehearsal.Entry{What: what + ", which an earlier version has not recorded", Stood: stood})
		}
	}
	maps, _ := facts.SystemConfigMaps.Get(s)
	note(slices.ContainsFunc(maps, func(m facts.ConfigMap) bool { return m.Labels == nil }),
		"labels and annotations of the ConfigMaps that API servers write", "none")
	namespaces, _ := facts.Namespaces.Get(s)
	note(slices.ContainsFunc(namespaces, func(n facts.Namespace) bool { return n.Name == "kube-system" && n.Annotations == nil }),
		"annotations of kube-system and the like", "none")
	return all
}
