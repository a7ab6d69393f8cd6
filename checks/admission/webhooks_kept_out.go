package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var webhooksKeptOut = preflight.Check{
	ID:       "GP155",
	Name:     "webhooks-kept-out",
	Title:    "GKE keeps webhooks out of its own namespaces, or could, and out of no more",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    append(StartupNeeds(), facts.GKECluster, facts.GKESettings),
	Uses:     StartupUses(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		keeps := facts.GKECluster.Of(s).Autopilot || facts.GKESettings.Of(s).NoUnsafeWebhooks
		inTrouble := func(h forecast.Hook) bool { return h.Outcome != forecast.Ready && h.Outcome != forecast.Unknown }
		for _, b := range blame(s, inTrouble) {
			if b.Effect != forecast.Rejects || !b.Kind.IsWebhook() {
				continue
			}
			inside, outside := b.inManagedNamespaces()
			f := preflight.Finding{Severity: preflight.Info, Subject: b.subject()}
			switch {
			case keeps && outside > 0:
				f.Summary = fmt.Sprintf("GKE keeps webhooks out of the namespaces that it manages, and %s stops %s of the new replica outside of them all the same", b.Interception, finding.Count(outside, "write"))
				f.Steps = remedy.Do("do not rely on it: a namespaceSelector exempts nothing that has no namespace, such as ClusterRoles; see the blocker on this webhook for what does")
				f.Evidence = b.evidence()
			case !keeps && inside > 0:
				f.Summary = fmt.Sprintf("%s stops %s of the new replica in namespaces that GKE manages; GKE can keep webhooks out of those", b.Interception, finding.Count(inside, "write"))
				f.Steps = remedy.Do("consider, beside the cure of this webhook, the cluster policy no_unsafe_webhooks (cluster_policy_config in Terraform); it covers nothing without a namespace")
				f.Evidence = b.evidence()
			default:
				continue
			}
			fs = append(fs, f)
		}
		return append(fs, openInfos(s)...)
	},
}

// inManagedNamespaces counts the writes in kube-system, which GKE manages, and all
// others.
func (b blamed) inManagedNamespaces() (inside, outside int) {
	for _, ws := range b.writes {
		n := len(slices.DeleteFunc(slices.Clone(ws), func(w forecast.Write) bool { return w.Namespace != "kube-system" }))
		inside, outside = inside+n, outside+len(ws)-n
	}
	return inside, outside
}

// openInfos are the hooks of which it can't be told what becomes of them, for a
// check that no verdict rests on.
func openInfos(s *facts.Snapshot) []preflight.Finding {
	fs := OpenHooks(s)
	for i := range fs {
		fs[i].Severity = preflight.Info
	}
	return fs
}
