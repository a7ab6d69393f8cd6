package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A stake is the Service behind fail-closed webhooks that see writes of the
// control plane's start or of what the cluster lives by: its loss is more than
// its owner's business.
type stake struct {
	namespace, service string
	webhooks           []webhook
	// selector is that of the Service; empty for one without.
	selector map[string]string
	// loses are the lines that only an upgrade of nodes needs and that the webhooks see.
	loses []string
}

// stakeNeeds are the facts without which no stake is known.
func stakeNeeds(more ...facts.Fact) []facts.Fact {
	return append(StartupNeeds(), append([]facts.Fact{facts.Services}, more...)...)
}

// stakeUses are the facts whose absence leaves open whether there are more.
func stakeUses(needs []facts.Fact) []facts.Fact {
	var uses []facts.Fact
	for _, f := range slices.Concat(bootstrap.Needs(), admission.Needs(), lifeline.Needs()) {
		if !has(needs, f) && !has(uses, f) {
			uses = append(uses, f)
		}
	}
	return uses
}

// A reach says for which writes a backend is looked at.
type reach int

const (
	// ofControlPlane: those of a start, and what the cluster lives by whatever is done to it.
	ofControlPlane reach = iota
	// ofNodesToo: those that an upgrade of nodes needs as well.
	ofNodesToo
	// direct: those of ofControlPlane that the webhook is known to see, apart from the pods
	// of other backends, which come back later where it fails, and are told of by GP132.
	direct
)

// stakes returns all stakes within that reach, in the order of the webhooks.
func stakes(s *facts.Snapshot, within reach) []stake {
	seen, ofNodes, loses := map[admission.Culprit]bool{}, map[string]bool{}, map[admission.Culprit][]string{}
	ofBackends := map[string]bool{}
	for _, l := range lifeline.Of(s) {
		ofNodes[l.Name], ofBackends[l.Name] = l.Group.OfNodes(), l.Group == lifeline.BackendPods
	}
	for _, i := range probe.All(s) {
		if ofNodes[i.Write.Hook] && within != ofNodesToo || ofBackends[i.Write.Hook] && within == direct {
			continue
		}
		for _, by := range i.By {
			if by.Fails && by.Backend.Name != "" && (by.Undecided == "" || within != direct) {
				seen[by.Culprit()] = true
				if ofNodes[i.Write.Hook] && !slices.Contains(loses[by.Culprit()], i.Write.Hook) {
					loses[by.Culprit()] = append(loses[by.Culprit()], i.Write.Hook)
				}
			}
		}
	}
	var all []stake
	for _, w := range webhooks(s) {
		v := findService(s, w)
		if !seen[w.Culprit()] || v < 0 {
			continue
		}
		service := facts.Services.Of(s)[v]
		n := slices.IndexFunc(all, func(k stake) bool { return k.namespace == service.Namespace && k.service == service.Name })
		if n < 0 {
			n = len(all)
			all = append(all, stake{namespace: service.Namespace, service: service.Name, selector: service.Selector})
		}
		all[n].webhooks = append(all[n].webhooks, w)
		for _, l := range loses[w.Culprit()] {
			if !slices.Contains(all[n].loses, l) {
				all[n].loses = append(all[n].loses, l)
			}
		}
	}
	return all
}

func (k stake) subject() preflight.Subject {
	return preflight.Subject{Kind: "Service", Namespace: k.namespace, Name: k.service}
}

func (k stake) String() string { return "service " + k.namespace + "/" + k.service }

// behind says for what the Service matters.
func (k stake) behind() string {
	if len(k.webhooks) == 1 {
		return "fail-closed webhook " + k.webhooks[0].name
	}
	return fmt.Sprintf("%d fail-closed webhooks", len(k.webhooks))
}

// then goes on from what happens to the Service: what an upgrade of nodes loses with it.
func (k stake) then() string {
	switch {
	case slices.Contains(k.loses, lifeline.Network):
		return "; new nodes that join meanwhile get no network, stay NotReady and take no pods"
	case slices.Contains(k.loses, lifeline.Agents):
		return "; new nodes that join meanwhile get no agents, such as those of logs, metrics and volumes"
	case len(k.loses) > 0:
		return fmt.Sprintf("; an upgrade of nodes is without %s meanwhile", strings.Join(k.loses, ", "))
	}
	return ""
}

// pods are those that the Service selects and that are not at their end, as
// indexes into the fact.
func (k stake) pods(s *facts.Snapshot) []int {
	var ns []int
	if len(k.selector) == 0 {
		return nil
	}
	for n, p := range facts.BackendPods.Of(s) {
		if p.Namespace == k.namespace && p.Phase != "Succeeded" && p.Phase != "Failed" && selects(k.selector, p.Labels) {
			ns = append(ns, n)
		}
	}
	return ns
}

func selects(selector, labels map[string]string) bool {
	for key, v := range selector {
		if got, ok := labels[key]; !ok || got != v {
			return false
		}
	}
	return true
}

// openStakes leaves open whether there are more stakes than are known.
func openStakes(s *facts.Snapshot) []preflight.Finding {
	var why string
	for _, l := range lifeline.Of(s) {
		if l.Unknown != "" && !l.Group.OfNodes() {
			why = fmt.Sprintf("which webhooks see %s can't be told: %s", l.Name, l.Unknown)
		}
	}
	for _, u := range bootstrap.Of(s).Unknown {
		why = fmt.Sprintf("which webhooks see the writes of %s can't be told: %s", u.Hook, u.Reason)
	}
	for _, f := range slices.Concat(bootstrap.Needs(), admission.Needs(), lifeline.Needs()) {
		if a, absent := s.Absence(f); absent && why == "" {
			why = fmt.Sprintf("which webhooks matter can't be told for certain: could not read %s (%s)", f.ID(), a)
		}
	}
	if why == "" {
		return nil
	}
	return []preflight.Finding{{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Webhooks", Name: "all"}, Undecided: why}}
}

// perStake runs judge on each stake within that reach with its pods, and leaves open what is.
func perStake(s *facts.Snapshot, within reach, judge func(stake, []int) *preflight.Finding) (fs []preflight.Finding) {
	for _, k := range stakes(s, within) {
		if f := judge(k, k.pods(s)); f != nil {
			f.Subject = k.subject()
			fs = append(fs, *f)
		}
	}
	return append(fs, openStakes(s)...)
}

// perDescribed is perStake where the pods' containers are known by image: in
// recordings of versions that did not keep it, nor what is beside it, nothing is
// known to be missing.
func perDescribed(s *facts.Snapshot, within reach, judge func(stake, []int) *preflight.Finding) []preflight.Finding {
	return perStake(s, within, func(k stake, pods []int) *preflight.Finding {
		for _, n := range pods {
			for _, c := range facts.BackendPods.Of(s)[n].Containers {
				if c.Image == "" {
					return &preflight.Finding{Severity: preflight.Warning, Undecided: fmt.Sprintf("what the containers of %s ask for is not in this recording, which an older version made: record it again", k)}
				}
			}
		}
		return judge(k, pods)
	})
}

// podEvidence points at a field of a pod.
func podEvidence(s *facts.Snapshot, n int, path string, value any, note string) preflight.Evidence {
	p := facts.BackendPods.Of(s)[n]
	return preflight.Evidence{Fact: facts.BackendPods.ID(), Path: fmt.Sprintf("/%d%s", n, path), Value: value, Note: "pod " + p.Name + note}
}

// workloadOf names what to edit, as kubectl takes it: the workload that makes the
// pod, as far as is known.
func workloadOf(s *facts.Snapshot, k stake) string {
	all, _ := facts.BackendWorkloads.Get(s)
	for _, w := range all {
		if w.Namespace == k.namespace && len(w.Selector) > 0 && selects(w.Selector, k.selector) {
			return strings.ToLower(w.Kind) + "/" + w.Name
		}
	}
	return unnamed
}

// unnamed stands for a workload of which it is not known which it is.
const unnamed = "deployment/NAME"

// named says in the last of the steps how to find the workload, where it is not known
// which it is.
func (k stake) named(s *facts.Snapshot, steps remedy.Steps) remedy.Steps {
	if workloadOf(s, k) != unnamed {
		return steps
	}
	return steps.Where("NAME", "the workload that makes its pods, which may be no Deployment", remedy.Sh("kubectl --namespace %s get deployments,statefulsets,daemonsets --output wide", k.namespace))
}
