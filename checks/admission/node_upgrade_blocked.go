package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

var nodeUpgradeBlocked = preflight.Check{
	ID:       "GP129",
	Name:     "node-upgrade-blocked",
	Title:    "A webhook or policy blocks what an upgrade of nodes needs",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     nodeUpgradeUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		ofNodes := func(l forecast.Lifeline) bool { return lifeline.Group(l.Group).OfNodes() }
		fs := lost(s, preflight.Blocker, ofNodes)
		for n, c := range cuts(s, forecast.Lost, ofNodes) {
			fs[n].Steps, fs[n].Pools = c.aside(), c.pools(s, preflight.Blocker)
		}
		return append(fs, takenForGood(s)...)
	},
}

func nodeUpgradeUses() (uses []facts.Fact) {
	for _, f := range slices.Concat(lifelineUses(), lifeline.NodeNeeds(), whatif.Needs(), whatif.Uses()) {
		if !has(lifelineNeeds(), f) && !has(uses, f) {
			uses = append(uses, f)
		}
	}
	return uses
}

// takenForGood are the backends that the upgrade of a node pool takes away for good, but
// for those of which GP131 tells, and what is open about any.
func takenForGood(s *facts.Snapshot) (fs []preflight.Finding) {
	r := whatif.Of(s)
	for _, u := range r.Upgrades {
		f := preflight.Finding{Severity: preflight.Blocker, Subject: backendSubject(u.Backend)}
		if u.Pool != "" {
			f.Pools = []string{u.Pool}
		}
		switch told := slices.ContainsFunc(r.Risks, func(k whatif.Risk) bool { return k.Backend == u.Backend && k.Size == 1 && k.Grave() }); {
		case u.Open == "" && told:
			continue
		case u.Open != "":
			f.Undecided = takenOpen(u)
		default:
			f.Summary = strings.Join(u.Steps, " → ") + "; that lasts for good"
			f.Steps = remedy.Do("run at least two replicas on two nodes, with a PodDisruptionBudget that lets one go at a time").
				Or("exempt its own namespace by the namespaceSelector of the webhook", remedy.Sh("kubectl edit %s %s", admission.Kind(u.Webhooks[0].Kind).Resource(), u.Webhooks[0].Config))
		}
		fs = append(fs, f)
	}
	return fs
}

// takenOpen says what is not known of an upgrade.
func takenOpen(u whatif.Upgrade) string {
	switch {
	case u.Backend == "":
		return "whether the upgrade of a node pool takes the backend of a fail-closed webhook away for good: " + u.Open
	case u.Pool == "":
		return fmt.Sprintf("whether the upgrade of its node pool takes it away for good, and fail-closed webhook %s with it: %s", u.Webhooks[0].Name, u.Open)
	}
	return fmt.Sprintf("whether the upgrade of node pool %s takes all its pods at once, so that none comes back and fail-closed webhook %s stays away for good: %s", u.Pool, u.Webhooks[0].Name, u.Open)
}

// aside is how to keep the culprit out of the way of an upgrade of nodes. What it is for
// may be the very pods, so that no patch is offered for those.
func (c cut) aside() remedy.Steps {
	var exempt []string
	for _, l := range c.lines {
		if e := exemption(l); e != "" && !slices.Contains(exempt, e) {
			exempt = append(exempt, e)
		}
	}
	steps := remedy.Do("see to it that its backend answers before nodes are upgraded, and has a pod on more than one node")
	if c.Kind.IsPolicy() {
		steps = remedy.Do("see whom its message is for, and leave out what is not meant")
	}
	if exempt == nil {
		return steps
	}
	text := "matchConditions:"
	for _, e := range exempt {
		text += "\n" + e
	}
	return steps.Or("exempt who upgrades nodes by a matchCondition", remedy.Sh("kubectl edit %s %s", c.Kind.Resource(), c.Name), remedy.YAML(text))
}

// exemption is the condition that leaves out the writes of the line; empty for those that
// may be what the webhook is for.
func exemption(l forecast.Lifeline) string {
	switch {
	case l.Name == lifeline.OldNodes, l.Name == lifeline.SpareNodes:
		return condition("not-an-old-node", `request.operation == "CREATE" ||
    !(request.resource.resource in ["nodes", "poddisruptionbudgets"])`)
	case lifeline.Group(l.Group) == lifeline.Drains:
		return condition("not-a-drain", `request.kind.kind != "Eviction" &&
    (request.operation != "DELETE" || request.resource.resource != "pods") &&
    request.resource.resource != "poddisruptionbudgets" &&
    request.userInfo.username != "system:serviceaccount:kube-system:pod-garbage-collector"`)
	case lifeline.Group(l.Group) == lifeline.Volumes:
		return condition("not-volumes", `!("system:nodes" in request.userInfo.groups) &&
    request.resource.resource != "volumeattachments" &&
    !(request.userInfo.username in ["system:serviceaccount:kube-system:persistent-volume-binder",
    "system:kube-scheduler"])`)
	}
	return ""
}

func condition(name, expression string) string {
	return fmt.Sprintf("- name: %s\n  expression: >-\n    %s", name, expression)
}
