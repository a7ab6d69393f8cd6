package lifeline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A nodeWrite is what an upgrade of nodes writes: the line that foretells it, who sees it
// and nothing else, and the real operation.
type nodeWrite struct {
	line, group, resource string
	operation             admissionregistrationv1.OperationType
	// namespace is the only one that it is about; empty for all. label is one that its
	// objects have; empty for any.
	namespace, label string
	// users are those who make it, and example is whom the line names in their place;
	// empty where it names them.
	users   []string
	example string
	// do makes it with an object of that name of its own.
	do func(ctx context.Context, k acting, name string) error
}

// acting is a way to the API server as one user.
type acting struct {
	Client kubernetes.Interface
	Config *rest.Config
}

// as is the way of a user who may do anything, so that nobody but admission stops it, and
// who is a member of what such a user is.
func as(t *testing.T, k *rig.Cluster, user string) acting {
	t.Helper()
	groups := []string{"system:authenticated"}
	switch {
	case strings.HasPrefix(user, "system:node:"):
		groups = append(groups, "system:nodes")
	case strings.HasPrefix(user, "system:serviceaccount:"):
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+strings.Split(user, ":")[2])
	}
	cfg, err := k.ConfigFor(k.First, user, groups...)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return acting{client, cfg}
}

// newNode is one that the upgrade makes.
const newNode = "gke-rig-default-pool-2"

// The namespaces of applications, of a network plugin and of GKE's agents; system has
// GKE's own network plugin, and vault what is written there by others than in shop.
const shop, vault, calico, gmp, system = "shop", "vault", "calico-system", "gmp-system", "kube-system"

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// nodeWrites are all of them, and what GKE brings to the new version beside.
func nodeWrites() map[string]nodeWrite {
	const create, update, remove = admissionregistrationv1.Create, admissionregistrationv1.Update, admissionregistrationv1.Delete
	const storage, apps, agents, workloads = "storage.k8s.io", "pods of applications", "pods of DaemonSets", "status of workloads"
	return map[string]nodeWrite{
		"eviction":          {lifeline.Evictions, "", "pods/eviction", create, shop, "", []string{upgrader, autoscaler}, "", evicts(shop)},
		"counted":           {lifeline.Evictions, "policy", "poddisruptionbudgets/status", update, vault, "", []string{apiserver}, "", evictsUnderBudget(vault)},
		"collected":         {"pod deletions", "", "pods/status", update, vault, "", []string{collector}, "", marksFailed(vault)},
		"deletion":          {"pod deletions", "", "pods", remove, shop, "", []string{kubelet, collector, upgrader}, "", deletes(shop)},
		"cordon":            {lifeline.OldNodes, "", "nodes", update, "", "", []string{upgrader}, "", cordons},
		"taint":             {lifeline.SpareNodes, "", "nodes", update, "", "", []string{autoscaler}, "", taints},
		"old-node":          {lifeline.OldNodes, "", "nodes", remove, "", "", []string{nodeController}, "", deletesNode},
		"budget":            {lifeline.OldNodes, "policy", "poddisruptionbudgets/status", update, shop, "", []string{disruption}, "", countsHealthy(shop)},
		"csinode":           {"CSI nodes", storage, "csinodes", create, "", "", []string{newcomer}, kubelet, registersDrivers},
		"driver":            {"CSI nodes", storage, "csinodes", update, "", "", []string{kubelet}, "", addsDriver},
		"attachment":        {"volume attachments", storage, "volumeattachments", create, "", "", []string{attacher}, "", attaches},
		"detachment":        {"volume attachments", storage, "volumeattachments", remove, "", "", []string{attacher}, "", detaches},
		"attachment-kept":   {"volume attachments", storage, "volumeattachments", update, "", "", []string{diskDriver}, "", keepsAttachment},
		"attachment-status": {"volume attachments", storage, "volumeattachments/status", update, "", "", []string{diskDriver}, "", marksAttached},
		"attachments-told":  {"volume attachments", "", "nodes/status", update, "", "", []string{attacher}, "", tellsOfAttachment},
		"volume":            {"persistent volumes", "", "persistentvolumes", update, "", "", []string{binder, scheduler}, "", updatesVolume},
		"volume-status":     {"persistent volumes", "", "persistentvolumes/status", update, "", "", []string{binder}, "", freesVolume},
		"claim":             {"persistent volumes", "", "persistentvolumeclaims", update, shop, "", []string{binder}, "", bindsClaim(shop)},
		"claim-chosen":      {"persistent volumes", "", "persistentvolumeclaims", update, vault, "", []string{scheduler}, "", choosesNode(vault)},
		"claim-status":      {"persistent volumes", "", "persistentvolumeclaims/status", update, shop, "", []string{binder}, "", marksBound(shop)},
		"definition":        {lifeline.Definitions, definitions.Group, definitions.Resource, update, "", "", []string{addons}, "", updatesDefinition},
		"definition-new":    {lifeline.Definitions, definitions.Group, definitions.Resource, create, "", "", []string{addons}, "", createsDefinition},
		"replicaset":        {lifeline.Rollouts, "apps", "replicasets", create, system, "", []string{rollers}, "", rollsOut(system)},
		"replicaset-scaled": {lifeline.Rollouts, "apps", "replicasets", update, system, "", []string{rollers}, "", scales(system)},
		"revision":          {lifeline.Rollouts, "apps", "controllerrevisions", create, system, "", []string{daemonSets, statefulSets}, "", notesRevision(system)},
		"revision-again":    {lifeline.Rollouts, "apps", "controllerrevisions", update, system, "", []string{daemonSets, statefulSets}, "", notesAgain(system)},
		"cni":               {lifeline.Network, "", "pods", create, calico, "", []string{daemonSets}, "", makesPlugin(calico)},
		"cni-binding":       {lifeline.Network, "", "pods/binding", create, calico, "", []string{scheduler}, "", binds(calico)},
		"cni-token":         {lifeline.Network, "", "serviceaccounts/token", create, calico, "", []string{kubelet}, "", asksToken(calico, "default")},
		"dataplane":         {lifeline.Network, "", "pods", create, system, "cilium", []string{daemonSets}, "", makesPlugin(system)},
		"agent":             {agents, "", "pods", create, gmp, "", []string{daemonSets}, "", creates(gmp)},
		"agent-token":       {agents, "", "serviceaccounts/token", create, gmp, "", []string{kubelet}, "", asksToken(gmp, "collector")},
		"application":       {apps, "", "pods", create, shop, "", []string{replicaSets, statefulSets, jobs}, "", creates(shop)},
		"binding":           {apps, "", "pods/binding", create, shop, "", []string{scheduler}, "", binds(shop)},
		"pod-status":        {apps, "", "pods/status", update, shop, "", []string{kubelet}, "", reports(shop)},
		"token":             {apps, "", "serviceaccounts/token", create, shop, "", []string{kubelet}, "", asksToken(shop, "default")},
		"replicas":          {workloads, "apps", "replicasets/status", update, shop, "", []string{replicaSets}, "", countsReplicas(shop)},
		"ordinals":          {workloads, "apps", "statefulsets/status", update, shop, "", []string{statefulSets}, "", countsOrdinals(shop)},
		"job":               {workloads, "batch", "jobs/status", update, shop, "", []string{jobs}, "", countsActive(shop)},
		"job-pod":           {workloads, "", "pods", update, shop, "", []string{jobs}, "", countsEnded(shop)},
	}
}

// sketched are those that no object is there to make them of, so that a denial of what is
// asked about decides nothing.
var sketched = []string{"token", "agent-token", "cni-token", "definition-new", "revision", "revision-again"}

// TestUpgradeOfNodes is about what an upgrade of nodes passes through, in one cluster, for
// starting others takes longer than the rest: what is foretold then happens to the real
// operations.
func TestUpgradeOfNodes(t *testing.T) {
	t.Parallel()
	k := rig.Start(t, controlplane.Options{})
	prepare(t, k)
	populate(t, k)
	trusted(t, k)
	t.Run("a budget with a pod that is not ready", func(t *testing.T) { unreadyUnderBudget(t, k) })
	b, err := k.StartBackend(t.Context(), rig.BackendOptions{Namespace: "guard", Service: "guard", Node: node})
	if err != nil {
		t.Fatal(err)
	}
	evictionsAlone(t, k, b)
	everyWrite(t, k, b)
}

// everyWrite is about webhooks that see one write each, and fail closed.
func everyWrite(t *testing.T, k *rig.Cluster, b *rig.Backend) {
	replaced(t, k)
	for name, w := range nodeWrites() {
		if err := k.Validate(t.Context(), name, b.ClientConfig("/"), onNodeWrite(w)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		behaviour controlplane.Behaviour
		// condition is on who makes the write; nil for everybody.
		condition func(who string) string
		want      forecast.Fate
		effect    forecast.Effect
		// names are of objects that no other case has used up.
		names string
	}{
		{"hung", controlplane.HangAfterTLS(), nil, forecast.Lost, forecast.Rejects, first},
		{"denying", controlplane.Deny("not now", 403), nil, forecast.Lost, forecast.Rejects, first},
		{"seen, they alone", controlplane.HangAfterTLS(), func(who string) string { return who }, forecast.Lost, forecast.Rejects, first},
		{"exempt, they alone", controlplane.HangAfterTLS(), func(who string) string { return "!(" + who + ")" }, forecast.Kept, "", first},
		{"healthy", controlplane.Allow(), nil, forecast.Kept, forecast.Passes, second},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.Behave(c.behaviour)
			want := map[string]forecast.Fate{"pods of kube-system": c.want} // the network's are among them
			for name, w := range nodeWrites() {
				expression := ""
				if c.condition != nil {
					expression = c.condition(madeBy(writers(w)))
				}
				condition(t, k, name, expression)
				want[w.line] = c.want
			}
			r := check(t, k.Kubeconfig, "--vantage", "pod-network")
			foretold(t, r, want)
			for name, w := range nodeWrites() {
				effect := c.effect
				if c.name == "denying" && slices.Contains(sketched, name) {
					effect = forecast.Undecided
				}
				through(t, r, name, w, effect)
			}
			happen(t, k, c.names, c.want == forecast.Lost)
		})
	}
}

// through requires of each write of the users of w on the line that the webhook has that
// effect, or is none of those that see it if effect is empty.
func through(t *testing.T, r preflight.Report, name string, w nodeWrite, effect forecast.Effect) {
	t.Helper()
	found := 0
	for _, l := range r.Forecast.Lifelines {
		for _, write := range l.Writes {
			if l.Name != w.line || !slices.Contains(append(w.users, w.example), write.User) {
				continue
			}
			for _, i := range write.InterceptedBy {
				if i.Name == name {
					found++
					if i.Effect != effect {
						t.Errorf("what %s does to %s by %s is foretold as %q, want %q: %s", name, write.Resource, write.User, i.Effect, effect, i.Detail)
					}
				}
			}
		}
	}
	if (found == 0) != (effect == "") {
		t.Errorf("%s is named with %d writes of %s", name, found, w.line)
	}
}

// happen lets all users make their writes, all at once.
func happen(t *testing.T, k *rig.Cluster, names string, refused bool) {
	t.Helper()
	var all sync.WaitGroup
	for name, w := range nodeWrites() {
		for n, user := range w.users {
			who := as(t, k, user)
			all.Go(func() {
				err := w.do(t.Context(), who, fmt.Sprintf("%s-%d", names, n))
				if (err != nil) != refused || refused && !strings.Contains(err.Error(), name+".rig.test") && !(onNodes(w) && strings.Contains(err.Error(), ".rig.test")) {
					t.Errorf("%s by %s ends in %v", name, user, err)
				}
			})
		}
	}
	all.Wait()
}

// writers are all who make such a write, w's own users among them.
func writers(w nodeWrite) (all []string) {
	for _, o := range nodeWrites() {
		if o.group == w.group && o.resource == w.resource && o.operation == w.operation {
			all = append(append(all, o.users...), o.example)
		}
	}
	return all
}

// onNodes reports whether two webhooks see the write, of which one is named.
func onNodes(w nodeWrite) bool {
	return w.resource == "nodes" && w.operation == admissionregistrationv1.Update
}

func onNodeWrite(w nodeWrite) func(*admissionregistrationv1.ValidatingWebhook) {
	return func(h *admissionregistrationv1.ValidatingWebhook) {
		fail, seconds := admissionregistrationv1.Fail, int32(1)
		h.FailurePolicy, h.TimeoutSeconds = &fail, &seconds
		h.Rules = []admissionregistrationv1.RuleWithOperations{{Operations: []admissionregistrationv1.OperationType{w.operation},
			Rule: admissionregistrationv1.Rule{APIGroups: []string{w.group}, APIVersions: []string{"*"}, Resources: []string{w.resource}}}}
		if w.namespace != "" {
			h.NamespaceSelector = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: w.namespace}}
		}
		if w.label != "" {
			h.ObjectSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"k8s-app": w.label}}
		}
	}
}

// condition has the webhook see what the expression says, or all where it is empty.
func condition(t *testing.T, k *rig.Cluster, name, expression string) {
	t.Helper()
	configurations := k.Client.AdmissionregistrationV1().ValidatingWebhookConfigurations()
	c, err := configurations.Get(t.Context(), name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	c.Webhooks[0].MatchConditions = nil
	if expression != "" {
		c.Webhooks[0].MatchConditions = []admissionregistrationv1.MatchCondition{{Name: "only", Expression: expression}}
	}
	all(t, ignore(configurations.Update(t.Context(), c, metav1.UpdateOptions{})))
}
