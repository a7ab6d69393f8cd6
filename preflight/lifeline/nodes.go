package lifeline

import (
	"cmp"
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

const (
	draining    = "cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies"
	eviction    = "kubernetes.io/docs/concepts/scheduling-eviction/api-eviction/"
	volumes     = "kubernetes.io/docs/concepts/storage/volumes/#csi"
	autoscaling = "cloud.google.com/kubernetes-engine/docs/concepts/cluster-autoscaler"
	podsPage    = "kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/"
	// networkPage says that a runtime needs a plugin to be loaded before a node is ready.
	networkPage = "kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/network-plugins/"
)

// Evictions is the name of the line by which drains ask for pods to go.
const Evictions = "evictions"

// OldNodes is the name of the line of the nodes that are emptied and go, and of the
// disruption budgets of their pods.
const OldNodes = "nodes and their budgets"

// SpareNodes is the name of the line of the nodes that the cluster autoscaler takes away. No
// upgrade waits for that.
const SpareNodes = "removal of spare nodes"

// Agents is the name of the line of the pods that each node has.
const Agents = "pods of DaemonSets"

// Network is the name of the line of the pods without which a new node has no network.
const Network = "the network of new nodes"

// Definitions is the name of the line of the CustomResourceDefinitions that GKE ships.
const Definitions = "custom resource definitions"

// upgraded are the lines that an upgrade of nodes needs beside: the old ones are drained,
// and what ran on them is made anew elsewhere.
func upgraded() []row {
	return []row{
		{Line: Line{
			Group: Drains, Name: Evictions, Source: "kubernetes pkg/registry/core/pod/storage/eviction.go, EvictionREST.Create and checkAndDecrement", Cited: draining,
			Consequence: fmt.Sprintf("the drain of each node waits for its limit, %.0f min on GKE, and then its pods are deleted whatever a disruption budget says; the cluster autoscaler removes no node that has some", clocks.Drain.Minutes()),
		}, sampled: examples.evictions},
		{Line: Line{
			Group: Drains, Name: "pod deletions", Source: "kubernetes pkg/kubelet/status/status_manager.go, syncPod; pkg/controller/podgc/gc_controller.go, markFailedAndDeletePodWithCondition", Cited: podsPage,
			Consequence: "pods that have ended stay, those of nodes that are gone among them, and a StatefulSet makes none in their place",
		}, sampled: examples.deletions},
		{Line: Line{
			Group: Drains, Name: OldNodes, Source: "kubectl pkg/drain/cordon.go, CordonHelper.PatchOrReplaceWithContext; cloud-provider controllers/nodelifecycle/node_lifecycle_controller.go, MonitorNodes; kubernetes pkg/controller/disruption/disruption.go, writePdbStatus", Cited: draining,
			Consequence: "no node is cordoned, so that its drain does not begin; those that are gone stay in the list, and disruption budgets do not count pods that are ready again",
		}, writes: examples.oldNodes},
		{Line: Line{
			Group: Drains, Name: SpareNodes, Source: "autoscaler cluster-autoscaler/utils/taints/taints.go, AddTaints", Cited: autoscaling,
			Consequence: "the cluster autoscaler empties and removes no node",
		}, writes: examples.spareNodes},
		{Line: Line{
			Group: Volumes, Name: "CSI nodes", Source: "kubernetes pkg/volume/csi/nodeinfomanager/nodeinfomanager.go, tryUpdateCSINode", Cited: volumes,
			Consequence: "a new node knows no driver of volumes, so that no pod with a volume starts on it",
		}, writes: examples.csiNodes},
		{Line: Line{
			Group: Volumes, Name: "volume attachments", Source: "kubernetes pkg/volume/csi/csi_attacher.go, Attach and Detach; external-attacher pkg/controller/csi_handler.go, patchVA, and util.go, markAsAttached and markAsDetached; kubernetes pkg/controller/volume/attachdetach/statusupdater/node_status_updater.go, updateNodeStatus", Cited: volumes,
			Consequence: "volumes don't follow their pods to another node",
		}, writes: examples.attachments},
		{Line: Line{
			Group: Volumes, Name: "persistent volumes", Source: "kubernetes pkg/controller/volume/persistentvolume/pv_controller.go, bindVolumeToClaim, updateVolumePhase, bindClaimToVolume and updateClaimStatus; pkg/scheduler/framework/plugins/volumebinding/binder.go, bindAPIUpdate", Cited: volumes,
			Consequence: "claims of pods that are made anew get no volume, and volumes that are free are not told to be",
		}, sampled: examples.persistent},
		{Line: Line{
			Group: Workloads, Name: Network, Source: "kubernetes pkg/controller/controller_utils.go, RealPodControl.CreatePods; pkg/kubelet/kubelet.go, updateRuntimeUp", Cited: networkPage,
			Consequence: "new nodes stay NotReady and take no pods",
		}, sampled: examples.network},
		{Line: Line{
			Group: Workloads, Name: Agents, Source: "kubernetes pkg/controller/controller_utils.go, RealPodControl.CreatePods", Cited: podsPage,
			Consequence: "new nodes get no agents, those of a network plugin, of logs and of metrics among them",
		}, sampled: func(e examples, l Line) Line { return e.pods(l, true) }},
		{Line: Line{
			Group: Workloads, Name: "pods of applications", Source: "kubernetes pkg/controller/controller_utils.go, RealPodControl.CreatePods", Cited: podsPage,
			Consequence: "pods that a drain ends don't come back",
		}, sampled: func(e examples, l Line) Line { return e.pods(l, false) }},
		{Line: Line{
			Group: Workloads, Name: "status of workloads", Source: "kubernetes pkg/controller/replicaset/replica_set_utils.go, updateReplicaSetStatus; pkg/controller/job/job_controller.go, updateJobStatus and removeTrackingFinalizerFromPods; pkg/controller/statefulset/stateful_set_status_updater.go, UpdateStatefulSetStatus", Cited: podsPage,
			Consequence: "rollouts and Jobs stand still: nobody sees which pods are ready, or have ended",
		}, sampled: examples.statuses},
	}
}

// evictions are as the upgrade of a node pool and the cluster autoscaler ask for them.
// A client sends no more than the pod's name; the API server counts it in the status of the
// pod's disruption budget, over the way by which it calls itself.
func (e examples) evictions(l Line) Line {
	l = e.sample(l, drained, func(g facts.PodGroup) []bootstrap.Write {
		o := object{namespace: g.Namespace, name: cmp.Or(g.Example, g.Name)}.bare()
		return []bootstrap.Write{from(sketch(bootstrap.Create, evict, o, upgrader()), aPod(g)...), from(sketch(bootstrap.Create, evict, o, autoscaler()), aPod(g)...)}
	})
	counts := e.budgets(bootstrap.Loopback)
	for n := range counts {
		counts[n].Running = true
	}
	l.Writes = append(l.Writes, labelled(l.Name, counts)...)
	return l
}

// deletions are those of pods that have ended: by their node's kubelet, by the garbage
// collector where the node is gone, which first notes that they failed, and by the upgrade
// where a drain has reached its limit.
func (e examples) deletions(l Line) Line {
	return e.sample(l, anyPod, func(g facts.PodGroup) []bootstrap.Write {
		o := e.podOf(g)
		o.name = cmp.Or(g.Example, g.Name)
		collector, failed := serviceAccount("pod-garbage-collector"), o
		failed.fields = map[string]any{"status": map[string]any{"phase": "Failed"}}
		ws := []bootstrap.Write{
			from(removal(pod, o, kubelet(e.node)), aPod(g)...),
			from(sketch(bootstrap.Update, pod.sub("status"), failed, collector), aPod(g)...), from(removal(pod, o, collector), aPod(g)...),
		}
		if drained(g) {
			ws = append(ws, from(removal(pod, o, upgrader()), aPod(g)...))
		}
		return ws
	})
}

func anyPod(facts.PodGroup) bool { return true }

func drained(g facts.PodGroup) bool { return g.Kind != daemonSet }

// pods are those that controllers make anew, with the tokens for them.
func (e examples) pods(l Line, ofDaemonSets bool) Line {
	ours := func(g facts.PodGroup) bool {
		return g.Namespace != system && replaced(g) && (g.Kind == daemonSet) == ofDaemonSets
	}
	return e.sample(l, ours, e.madeAnew)
}

// statuses are those that tell of pods which come and go. A pod of a Job stays until the
// Job has counted it, and taken its finalizer away. Jobs that a CronJob makes may have no
// pods at the moment, so that where a namespace has no other the status of one is looked at
// beside that of ReplicaSets.
func (e examples) statuses(l Line) Line {
	all, _ := facts.PodGroups.Get(e.s)
	ofJobs := map[string]bool{}
	for _, g := range all {
		ofJobs[g.Namespace] = ofJobs[g.Namespace] || makers[g.Kind] == jobs
	}
	return e.sample(l, drained, func(g facts.PodGroup) []bootstrap.Write {
		o := object{namespace: g.Namespace, name: g.Name}
		var ws []bootstrap.Write
		if by := makers[g.Kind]; by == jobs || by == deployments && !ofJobs[g.Namespace] {
			ws = append(ws, from(sketch(bootstrap.Update, job.sub("status"), o, serviceAccount(jobs)), counted(g, "Job")...))
		}
		if makers[g.Kind] == deployments {
			ws = append(ws, from(sketch(bootstrap.Update, replicaSet.sub("status"), o, serviceAccount(deployments)), counted(g, "ReplicaSet")...))
		}
		if len(all) == 0 || makers[g.Kind] == statefulSets {
			ws = append(ws, from(sketch(bootstrap.Update, statefulSet.sub("status"), o, serviceAccount(statefulSets)), counted(g, "StatefulSet")...))
		}
		if len(all) == 0 || makers[g.Kind] == jobs {
			p := made(e.podOf(g), jobs)
			p.name = cmp.Or(g.Example, g.Name)
			ws = append(ws, from(sketch(bootstrap.Update, pod, p, serviceAccount(jobs)), aPod(g)...))
		}
		return ws
	})
}

func (e examples) csiNodes() []bootstrap.Write {
	o := object{name: e.node}.bare()
	source := oneOf(csiNode, "", e.node)
	return []bootstrap.Write{from(sketch(bootstrap.Create, csiNode, o, kubelet(e.node)), source), from(sketch(bootstrap.Update, csiNode, o, kubelet(e.node)), source)}
}

// attachments are told of on their node, since its kubelet waits to see them there.
func (e examples) attachments() []bootstrap.Write {
	o := object{name: "csi-0000000000000000"}.bare()
	by := serviceAccount("attachdetach-controller")
	source := oneOf(attachment, "", "")
	return []bootstrap.Write{
		from(sketch(bootstrap.Create, attachment, o, by), source), from(removal(attachment, o, by), source),
		from(sketch(bootstrap.Update, attachment, o, attacher()), source), from(sketch(bootstrap.Update, attachment.sub("status"), o, attacher()), source),
		from(sketch(bootstrap.Update, node.sub("status"), e.fullNode(), by), e.aNode()...),
	}
}

// persistent are volumes, and claims of the namespaces whose pods are moved. The scheduler
// notes on a claim that waits for its first pod which node that gets.
func (e examples) persistent(l Line) Line {
	o := object{name: "pvc-00000000-0000-0000-0000-000000000000"}
	by, scheduler := serviceAccount("persistent-volume-binder"), component("kube-scheduler")
	source := oneOf(persistent, "", "")
	l = e.sample(l, drained, func(g facts.PodGroup) []bootstrap.Write {
		c, source := object{namespace: g.Namespace, name: "any-claim"}, oneOf(claim, g.Namespace, "")
		chosen := sketch(bootstrap.Update, claim, c, scheduler)
		chosen.Object.SetAnnotations(map[string]string{selectedNode: e.node})
		return []bootstrap.Write{from(sketch(bootstrap.Update, claim, c, by), source), from(sketch(bootstrap.Update, claim.sub("status"), c, by), source), from(chosen, source)}
	})
	volumes := []bootstrap.Write{
		from(sketch(bootstrap.Update, persistent, o, by), source), from(sketch(bootstrap.Update, persistent.sub("status"), o, by), source),
		from(sketch(bootstrap.Update, persistent, o, scheduler), source),
	}
	l.Writes = append(labelled(l.Name, volumes), l.Writes...)
	return l
}
