package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var nodeUpgradeBlocked = preflight.Check{
	ID:       "GP129",
	Name:     "node-upgrade-blocked",
	Title:    "A webhook or policy blocks what an upgrade of nodes needs",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    lifelineNeeds(),
	Uses:     append(lifelineUses(), lifeline.NodeNeeds()...),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) []preflight.Finding {
		ofNodes := func(l forecast.Lifeline) bool { return lifeline.Group(l.Group).OfNodes() }
		fs := lost(s, preflight.Blocker, ofNodes)
		for n, c := range cuts(s, forecast.Lost, ofNodes) {
			fs[n].Steps = c.aside()
		}
		return fs
	},
}

// aside is how to keep the culprit out of the way of an upgrade of nodes. What it is for
// may be the very pods, so that no patch is offered for those.
func (c cut) aside() remedy.Steps {
	var exempt []string
	for _, l := range c.lines {
		if e := exemptions[lifeline.Group(l.Group)]; e != "" && !slices.Contains(exempt, e) {
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

// exemptions are the conditions that leave out the writes of a group's lines.
var exemptions = map[lifeline.Group]string{
	lifeline.Drains: condition("not-a-drain", `request.kind.kind != "Eviction" &&
    (request.operation != "DELETE" || request.resource.resource != "pods")`),
	lifeline.Volumes: condition("not-volumes", `!("system:nodes" in request.userInfo.groups) &&
    !(request.userInfo.username in ["system:serviceaccount:kube-system:attachdetach-controller",
    "system:serviceaccount:kube-system:persistent-volume-binder"])`),
}

func condition(name, expression string) string {
	return fmt.Sprintf("- name: %s\n  expression: >-\n    %s", name, expression)
}
