package workloads

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var execProbeTimesOut = preflight.Check{
	ID:       "GP410",
	Name:     "exec-probe-times-out",
	Title:    "Probes by command that new nodes time out",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodDetails, facts.PodGroups, facts.Nodes},
	Uses:     []facts.Fact{facts.ProbeTimeouts},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		before := func(n facts.Node) bool { return !version.ExecTimeouts.In(n.Kubelet) }
		if !version.ExecTimeouts.In(s.Meta.Target) || !slices.ContainsFunc(facts.Nodes.Of(s), before) {
			return nil
		}
		return append(timingOut(s), hurried(s)...)
	},
}

// timingOut are the pods of which Events say that a probe timed out.
func timingOut(s *facts.Snapshot) []preflight.Finding {
	seen, ok := facts.ProbeTimeouts.Get(s)
	if !ok {
		return finding.Unread(s, facts.ProbeTimeouts, "whether commands that probe pods time out today is not known")
	}
	f := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Pods", Name: "probes-timing-out"}}
	var names []string
	for n, t := range seen {
		names = append(names, t.Namespace+"/"+t.Pod)
		if n < finding.MostAlike {
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.ProbeTimeouts, t.Pod, fmt.Sprintf("%d times", t.Times), "/%d/pod", n))
		}
	}
	if names == nil {
		return nil
	}
	f.Summary = fmt.Sprintf("commands that probe %s take longer than they may (%s); nodes before %s let that pass, newer ones restart the pods or take them out of their Services",
		finding.Count(len(names), "pod"), words.Some(names, finding.MostAlike), version.ExecTimeouts.Since)
	f.Steps = remedy.Do("see which probe it is", remedy.Sh("kubectl --namespace %s describe pod %s", seen[0].Namespace, seen[0].Pod)).
		Then("give it the time that its command takes, in what makes the pods", remedy.YAML("timeoutSeconds: 10"))
	return []preflight.Finding{f}
}

// hurried are the workloads whose commands may take a second, which nobody held them to.
func hurried(s *facts.Snapshot) []preflight.Finding {
	var m gathering
	for _, d := range usersDetails(s) {
		if d.ExecProbe != "" {
			m.add(d, "execProbe", d.ExecProbe)
		}
	}
	if m.names == nil {
		return nil
	}
	return []preflight.Finding{{
		Severity: preflight.Info, Subject: preflight.Subject{Kind: "Workloads", Name: "exec-probes"}, Evidence: m.evidence,
		Summary: fmt.Sprintf("commands that probe %s may take 1 s, which nodes hold them to from %s on and not before: %s", finding.Count(len(m.names), "workload"), version.ExecTimeouts.Since, m.says()),
		Steps:   remedy.Do("see how long such a command takes at its slowest, and give it that time by timeoutSeconds", m.first.edit()),
	}}
}
