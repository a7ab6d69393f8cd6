package docs_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gke-preflight/gke-preflight/docs"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
)

const lifelinesIntro = `# lifelines

What a cluster lives by beside its control plane's start: writes that kubelets,
controllers and add-ons make all the time, also while an upgrade is under way. A
webhook or policy that stops one of these takes the cluster down as surely as one
that stops a start-up write.

Each write is held against all webhooks and policies as the user who makes it, and
the backends are asked about it, with dryRun set. A line is *kept* where its writes
pass, *slowed* where they pass after a second or more, *lost* where one is rejected
or takes as long as its client waits, and *unknown* where that can't be told.

The client's patience is what failurePolicy Ignore does not know of. A webhook with
timeoutSeconds 10 that hangs fails open after ten seconds, and by then a kubelet
has given up. No dry-run is made of these writes, for this tool may not write as
a kubelet.

Writes stand for many like them. Leases are as their clients send them; of Pods,
Nodes and the like only the labels are known beforehand that kubelets, GKE and controllers
always set. The name is an example: what goes by the name of a node, a Pod or the lease of a
node is open, and so is what goes by the number of GKE's service agent, or by who holds a
lease beyond whether that changes. Such a sketch is made real when a backend is asked: an object
that it stands for is read, and the write made from it. An eviction is of a Pod that runs;
a Pod that is made anew is as its Deployment, StatefulSet, DaemonSet or Job has it in its
template, with what the API server adds itself, and with what mutating webhooks answered
that they make of it before a validating one is asked; without its template it is the Pod
that runs, without node and status. What denies a real object has *lost* the line.
Policies, conditions and selectors that the sketch leaves open are held against up to 64
of the objects: one that a policy denies decides, and all of them, where all let pass.
A webhook that is known to be sent one of the objects does to the line what it did when it
was asked, though it hung on another.
What GKE's add-on manager updates, CustomResourceDefinitions among it, is to be as the new
version ships it, which no cluster tells: of that only a denial decides. Each definition of a
group of Google's or Kubernetes' goes by its own name; of one that the new version brings
beside them name and group are open, but for what users' own groups say.
Only the answer is kept, with which object it was about.

Where no object can be read, as without the right to list it, the sketch is asked about.
Then, where an expression reads more than a sketch has, where an objectSelector reads
another label, or whatever a backend answers to such a sketch but a failed call, the
outcome is unknown, not lost. Tokens, requests for certificates and EndpointSlices are
always sketches, and so are ControllerRevisions and what a new version brings; what is
allowed of those counts. Of Pods there is an example for all that the same controller makes
and the same webhooks and policies see, in whatever namespaces; of EndpointSlices one for all
Services whose slices the same see. As whom Pods are made whose controller is none of
Kubernetes' own is not known, so that what goes by that is open; a Pod that no controller made
is not made anew. Left out are mirror Pods, without which static Pods run all the same.

Who cordons and drains the nodes of a pool that is upgraded is not documented. It is taken
to be GKE's service agent in the project, with an example for its number; the cluster
autoscaler calls itself cluster-autoscaler. Nor is it documented as whom GKE runs the
driver that attaches disks: it is taken for the ServiceAccount that its maker gives it.
Evictions and deletions carry the name of a pod that runs. What an eviction takes from a
disruption budget the API server itself writes, over the way by which it calls itself.

Left out are the claims and slices of dynamic resource allocation, for nothing that is read
tells who uses it, and drivers write their slices as ServiceAccounts of their own; the status
of Deployments and DaemonSets, without which these go on; what the scheduler notes in the
status of a Pod that finds no node; the removal of old ReplicaSets, ControllerRevisions and
Pods in a rollout; and the claims and volumes that are made for a new Pod alone. A webhook that sees these alone is named by [GP130](checks/GP130.md).

The last lines, from evictions on, are needed to upgrade nodes, and not the control
plane.

This page is generated from what the program knows.
`

// TestLifelinesPage generates lifelines.md from the lines of a cluster with one
// webhook.
func TestLifelinesPage(t *testing.T) {
	got := lifelinesPage()
	if *update {
		if err := os.WriteFile("lifelines.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, _ := docs.Page("lifelines")
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("lifelines.md is out of date, run go test ./docs -update (- committed, + now):\n%s", d)
	}
}

var checkOf = map[lifeline.Group]string{
	lifeline.Heartbeats: "GP121", lifeline.Elections: "GP122", lifeline.SystemPods: "GP124", lifeline.BackendPods: "GP123",
	lifeline.Joining: "GP125", lifeline.Controllers: "GP126", lifeline.Addons: "GP126", lifeline.Reviews: "GP127",
	lifeline.Drains: "GP129", lifeline.Volumes: "GP129", lifeline.Workloads: "GP129",
}

func lifelinesPage() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n## At a glance\n\n| line | the client waits | check |\n|---|---|---|\n", lifelinesIntro)
	lines := lifeline.Of(oneWebhook())
	for _, l := range lines {
		fmt.Fprintf(&b, "| %s | %s | [%s](checks/%[3]s.md) |\n", l.Name, waits(l), checkOf[l.Group])
	}
	for _, l := range lines {
		fmt.Fprintf(&b, "\n## %s\n\nIf it is lost: %s (<https://%s>).\n", l.Name, l.Consequence, l.Cited)
		if l.Since != "" {
			fmt.Fprintf(&b, "Made from %s on.\n", l.Since)
		}
		if l.Until != "" {
			fmt.Fprintf(&b, "Webhooks see these writes up to %s.\n", l.Until)
		}
		b.WriteString("\n| write | by |\n|---|---|\n")
		for _, w := range l.Writes {
			name := strings.TrimPrefix(w.Namespace+"/"+w.Name, "/")
			fmt.Fprintf(&b, "| %s %s %s | %s |\n", w.Operation, w.ResourceName(), name, w.User.Name)
		}
		fmt.Fprintf(&b, "\nSource: %s.\n", l.Source)
	}
	return docs.WithContents(strings.ReplaceAll(b.String(), "  |", " |"))
}

func waits(l lifeline.Line) string {
	if l.Deadline == 0 {
		return "as long as the server, 34 s"
	}
	return fmt.Sprintf("%.0f s", l.Deadline.Seconds())
}

// oneWebhook is a cluster with one node, and a webhook in namespace policy.
func oneWebhook() *facts.Snapshot {
	return facts.New(facts.Meta{Target: "1.37", NodeWrites: true},
		facts.Present(facts.ServerVersion, facts.Version{GitVersion: "v1.35.4"}),
		facts.Present(facts.Nodes, []facts.Node{{Name: "NODE"}}),
		facts.Present(facts.Services, []facts.Service{{Namespace: "policy", Name: "policy"}}),
		facts.Present(facts.BackendPods, []facts.Pod{}),
		facts.Present(facts.PodGroups, []facts.PodGroup{{Namespace: "NAMESPACE", Kind: "DaemonSet", Name: "AGENT"}, {Namespace: "NAMESPACE", Kind: "Deployment", Name: "APP"}}),
		facts.Present(facts.NetworkPlugins, []facts.NetworkPlugin{{Namespace: "NAMESPACE", Name: "PLUGIN"}}),
		facts.Present(facts.ValidatingWebhooks, []admissionregistrationv1.ValidatingWebhookConfiguration{{
			Webhooks: []admissionregistrationv1.ValidatingWebhook{{ClientConfig: admissionregistrationv1.WebhookClientConfig{
				Service: &admissionregistrationv1.ServiceReference{Namespace: "policy", Name: "policy"},
			}}},
		}}),
	)
}
